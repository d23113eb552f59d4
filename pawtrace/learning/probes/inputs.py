"""The inputs of a network: their range, and the contrast of the pictures with and without augmentation."""

from typing import Any

import keras
import numpy as np

from pawtrace.config.imagenet import expected_convention, received_convention
from pawtrace.config.train_params import BACKBONES, TrainParams
from pawtrace.dataset.examples.pixels import View
from pawtrace.learning.networks.input_scaling import input_scaling

_COARSE_PX = 8  # side of the grid on which noise averages out and a picture's shapes stay


def input_range(train: TrainParams, images: np.ndarray) -> dict[str, Any]:
    """What the backbone receives of some images, and what its weights expect of them.

    Args:
      train: of the recipe.
      images: uint8 (n, s, s, 3), RGB.
    Returns:
      `received` and `expected`: min, mean, max and std over all values of the scaled images, by the
      recipe's scaling and by the backbone's own; `weights`: random, imagenet or file.
    """
    return {
        "received": _scaled_range(received_convention(train.input_scaling, train.backbone), images),
        "expected": _scaled_range(expected_convention(train.backbone), images),
        "weights": kind_of_weights(train),
    }


def kind_of_weights(train: TrainParams) -> str:
    """Where a backbone's weights come from: random, imagenet or file."""
    if train.weights is None and train.backbone in BACKBONES:
        return "random"
    return "imagenet" if train.weights == "imagenet" else "file"


def picture_contrast(images: np.ndarray, view: View, ids: list[str]) -> dict[str, float]:
    """The contrast of the pictures, without and with the augmentation of training.

    Args:
      images: uint8 (n, s, s, 3), RGB.
      view: the augmentation of training.
      ids: of the images' examples.
    Returns:
      plain and augmented: the standard deviation of the pictures' brightness, 0..255, on a grid of 8 x 8
      squares, within each picture and between pictures: of noise and of blank pictures it is near 0.
    """
    pairs = zip(images, ids, strict=True)
    augmented = np.stack([view(image, example_id, 0) for image, example_id in pairs])
    return {"plain": _contrast(images), "augmented": _contrast(augmented)}


def _contrast(images: np.ndarray) -> float:
    grey = images.astype(np.float64).mean(axis=-1)  # (n, s, s)
    size = grey.shape[1]
    edges = np.linspace(0, size, min(_COARSE_PX, size) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(grey, edges, axis=1), edges, axis=2)
    widths = np.diff(np.append(edges, size))
    return float((sums / np.outer(widths, widths)).std())


def _scaled_range(convention: str, images: np.ndarray) -> dict[str, float]:
    inputs = keras.Input(images.shape[1:], dtype="uint8")
    scaling = keras.Model(inputs, input_scaling(convention, inputs))
    values = keras.ops.convert_to_numpy(scaling(images)).astype(np.float64)
    return {name: float(getattr(values, name)()) for name in ("min", "mean", "max", "std")}
