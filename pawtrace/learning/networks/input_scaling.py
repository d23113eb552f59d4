"""The first layers of a classifier: from uint8 RGB to the input that its backbone expects."""

import keras
from keras import layers

from pawtrace.config.conventions import CONVENTIONS


def input_scaling(name: str, images: keras.KerasTensor) -> keras.KerasTensor:
    """Scale RGB 0..255 by a convention, in layers that any Keras can load.

    Args:
      name: of the convention that comes out, one of CONVENTIONS.
      images: uint8 or float (b, s, s, 3), RGB 0..255.
    Returns:
      float32 (b, s, s, 3).
    """
    convention = CONVENTIONS[name]
    channels = keras.ops.flip(images, axis=-1) if convention.bgr else images
    scale, offset = _plain(convention.scale), _plain(convention.offset)
    # float32, whatever the precision: bfloat16 would round what comes after the means are taken off.
    return layers.Rescaling(scale, offset=offset, dtype="float32", name="input_scaling")(channels)


def _plain(channels: tuple[float, float, float]) -> float | list[float]:
    """One number where all channels share it."""
    return channels[0] if len(set(channels)) == 1 else list(channels)
