"""Published backbones and their ImageNet weights: what is known of them, and where a copy lies.

Knows keras.applications by name only, so that asking for a file needs no Keras.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pawtrace.config import paths


class Published(NamedTuple):
    """A backbone of keras.applications; without its top it takes images of any size."""

    application: str  # its name in keras.applications
    url: str  # of its ImageNet weights without the top
    md5: str | None  # of that file; none where Keras knows none
    convention: str  # of the inputs that the weights expect: a name in CONVENTIONS
    # Keras divides by the roots of these too, but only where it downloads the weights itself.
    deviations: tuple[float, float, float] | None = None

    @property
    def file_name(self) -> str:
        """The name of the weights' file, as Keras keeps it."""
        return self.url.rsplit("/", 1)[-1]


_STORAGE = "https://storage.googleapis.com/"
PUBLISHED = {
    "vgg16": Published(
        "VGG16",
        f"{_STORAGE}tensorflow/keras-applications/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "6d6bbae143d832006294945121d1f1fc",
        convention="caffe",
    ),
    "mobilenet_v2": Published(
        "MobileNetV2",
        f"{_STORAGE}tensorflow/keras-applications/mobilenet_v2/"
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        None,
        convention="minus_one_to_one",
    ),
    "efficientnet_b0": Published(
        "EfficientNetB0",
        f"{_STORAGE}keras-applications/efficientnetb0_notop.h5",
        "50bc09e76180e00e4465e1a485ddc09d",
        convention="zero_to_255",  # it scales inside
        deviations=(0.229, 0.224, 0.225),
    ),
}


def find_weights(backbone: str) -> Path | None:
    """Where the ImageNet weights of a published backbone lie: data/weights first, then Keras's cache."""
    places = (paths.WEIGHTS, Path(_keras_cache()).expanduser())
    files = [place / PUBLISHED[backbone].file_name for place in places]
    return next((file for file in files if file.is_file()), None)


def how_to_provide(backbones: Iterable[str]) -> str:
    """What to do where the weights of these backbones cannot be downloaded, as part of a line."""
    files = [f"{PUBLISHED[name].file_name} ({PUBLISHED[name].url})" for name in backbones]
    return f"fetch {', '.join(files)} elsewhere and put it into {paths.WEIGHTS}/ or {_keras_cache()}/"


def _keras_cache() -> str:
    return f"{os.environ.get('KERAS_HOME', '~/.keras')}/models"
