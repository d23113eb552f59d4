"""Published backbones and their ImageNet weights: what is known of them, and where a copy lies.

Knows keras.applications by name only, so that asking for a file needs no Keras.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import TrainingError
from pawtrace.base.files import md5_of
from pawtrace.config import paths
from pawtrace.config.train_params import TrainParams


class Published(NamedTuple):
    """A backbone of keras.applications; without its top it takes images of any size."""

    application: str  # its name in keras.applications
    url: str  # of its ImageNet weights without the top
    md5: str | None  # of that file, as keras.applications has it; none where Keras publishes none
    num_bytes: int | None  # of that file, where there is no md5
    num_channels: int  # of its feature map, a 32nd of the image's side
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
        None,
        num_channels=512,
        convention="caffe",
    ),
    "mobilenet_v2": Published(
        "MobileNetV2",
        f"{_STORAGE}tensorflow/keras-applications/mobilenet_v2/"
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        None,
        9_406_464,
        num_channels=1280,
        convention="minus_one_to_one",
    ),
    "efficientnet_b0": Published(
        "EfficientNetB0",
        f"{_STORAGE}keras-applications/efficientnetb0_notop.h5",
        "50bc09e76180e00e4465e1a485ddc09d",
        None,
        num_channels=1280,
        convention="zero_to_255",  # it scales inside
        deviations=(0.229, 0.224, 0.225),
    ),
}


def expected_convention(backbone: str) -> str:
    """The convention that a backbone's weights expect, by name; a file is taken to want RGB 0..255."""
    return PUBLISHED[backbone].convention if backbone in PUBLISHED else "zero_to_255"


def received_convention(input_scaling: str, backbone: str) -> str:
    """The convention that a backbone gets by `train.input_scaling`, by name."""
    if input_scaling == "backbone":
        return expected_convention(backbone)
    return "zero_to_one" if input_scaling == "unit" else input_scaling  # its former name


def find_weights(backbone: str) -> Path | None:
    """Where the ImageNet weights of a published backbone lie: data/weights first, then Keras's cache."""
    places = (paths.WEIGHTS, Path(_keras_cache()).expanduser())
    files = [place / PUBLISHED[backbone].file_name for place in places]
    return next((file for file in files if file.is_file()), None)


def num_features(train: TrainParams) -> int:
    """How many values the head gets of an image from a published backbone, at least."""
    side = train.image_size_px // 32 if train.head.pooling == "flatten" else 1
    return PUBLISHED[train.backbone].num_channels * side**2


def require_published(backbone: str, path: Path) -> None:
    """Require that a file is the one that was published: by its md5, or by its size where no md5 is known.

    Raises:
      TrainingError: it is another one; says what was expected and found, and what to do.
    """
    weights = PUBLISHED[backbone]
    if weights.md5 is not None:
        expected, found = f"md5 {weights.md5}", f"md5 {md5_of(path)}"
    else:
        expected, found = f"{weights.num_bytes:,} bytes", f"{path.stat().st_size:,} bytes"
    if found != expected:
        raise TrainingError(
            f"params.yaml: train.weights: imagenet: {path}: expected the published file ({expected}), "
            f"found another one ({found}); delete it and fetch {weights.url}, or, if you mean this file, "
            f"set train.weights to its path"
        )


def how_to_provide(backbones: Iterable[str]) -> str:
    """What to do where the weights of these backbones cannot be downloaded, as part of a line."""
    files = [f"{PUBLISHED[name].file_name} ({PUBLISHED[name].url})" for name in backbones]
    return (
        f"fetch {', '.join(files)} on another machine and put it into {paths.WEIGHTS}/ or {_keras_cache()}/"
    )


def _keras_cache() -> str:
    return f"{os.environ.get('KERAS_HOME', '~/.keras')}/models"
