"""Tiny params and backbones for the tests of learning."""

from pathlib import Path
from typing import Any

import keras

from pawtrace.config.params import load_params, merged
from pawtrace.config.train_params import TrainParams
from tests.conftest import PARAMS


def tiny_train(**changes: Any) -> TrainParams:
    """The baseline of the tests' params, in float32 on the CPU, with changes."""
    fixed = {"precision": "float32", "device": "cpu", "input_scaling": "backbone"}
    fixed["schedule"] = {"warmup_epochs": 0.0, "decay": "none"}
    baseline = load_params(PARAMS).train.model_dump()
    return TrainParams.model_validate(merged(merged(baseline, fixed), changes))


def tiny_backbone(path: Path, size_px: int | None = None, channels: int = 3) -> Path:
    """Save a small backbone with a batch normalisation, always the same: RGB 0..255 in, 8 channels out."""
    start = [keras.initializers.GlorotUniform(seed) for seed in range(2)]
    inputs = keras.Input((size_px, size_px, channels))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(8, 3, strides=4, activation="relu", kernel_initializer=start[0], name="first")(x)
    x = keras.layers.BatchNormalization(name="normalized")(x)
    x = keras.layers.Conv2D(8, 3, activation="relu", kernel_initializer=start[1], name="last")(x)
    keras.Model(inputs, x).save(path)
    return path
