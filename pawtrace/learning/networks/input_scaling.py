"""The first layers of a classifier: from uint8 RGB to what its backbone wants."""

import keras
from keras import layers

from pawtrace.config.conventions import CONVENTIONS, Convention
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.train_params import TrainParams


def convention_of(train: TrainParams) -> Convention:
    """What the backbone receives, by `train.input_scaling`; `backbone` means `expected_convention`."""
    if train.input_scaling == "backbone":
        return expected_convention(train.backbone)
    return CONVENTIONS["zero_to_one" if train.input_scaling == "unit" else train.input_scaling]


def expected_convention(backbone: str) -> Convention:
    """What a backbone's weights expect: as keras.applications for a published one, RGB 0..255 for a file."""
    if backbone not in PUBLISHED:
        return CONVENTIONS["zero_to_255"]
    return CONVENTIONS[PUBLISHED[backbone].convention]


def input_scaling(convention: Convention, images: keras.KerasTensor) -> keras.KerasTensor:
    """Scale RGB 0..255 by a convention, in layers that any Keras can load.

    Args:
      convention: what comes out.
      images: uint8 or float (b, s, s, 3), RGB 0..255.
    Returns:
      float32 (b, s, s, 3).
    """
    channels = keras.ops.flip(images, axis=-1) if convention.bgr else images
    scale, offset = _plain(convention.scale), _plain(convention.offset)
    # float32, whatever the precision: bfloat16 would round what comes after the means are taken off.
    return layers.Rescaling(scale, offset=offset, dtype="float32", name="input_scaling")(channels)


def _plain(channels: tuple[float, float, float]) -> float | list[float]:
    """One number where all channels share it."""
    return channels[0] if len(set(channels)) == 1 else list(channels)
