"""A backbone of three convolutions, with any kernels, for probes to look at."""

from pathlib import Path
from typing import Any

import keras

from pawtrace.config.train_params import TrainParams
from tests.learning.tiny import tiny_train

HEAD = {"pooling": "average", "units": [8]}


def write_backbone(
    path: Path, kernels: str | keras.initializers.Initializer, *, normalized: bool = False
) -> str:
    """Three strided convolutions, two of them at 8 x 8, with a padding before the last; 4 x 4 x 8 out."""
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    for name, strides in (("first", 4), ("second", 1), ("third", 2)):
        if strides == 2:
            x = keras.layers.ZeroPadding2D(1, name="padding")(x)
        padding = "valid" if strides == 2 else "same"
        x = keras.layers.Conv2D(8, 3, strides, padding, kernel_initializer=kernels, name=name)(x)
        if normalized:
            x = keras.layers.BatchNormalization(name=f"{name}_normalized")(x)
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
    keras.Model(inputs, x).save(path)
    return str(path)


def train_on(backbone: str, trainable: str = "all", **changes: Any) -> TrainParams:
    phases = [{"trainable": trainable, "num_epochs": 1}]
    settings: dict[str, Any] = {"backbone": backbone, "head": HEAD, "learning_rate": 0.02, "phases": phases}
    return tiny_train(**(settings | changes))
