"""Photos whose label is their colour, and networks that read it: nothing has to be trained."""

from pathlib import Path

import cv2
import keras
import numpy as np
from keras import layers

SIDE_PX = 32


def images_and_labels(number: int, seed: int = 0, noise: float = 10) -> tuple[np.ndarray, np.ndarray]:
    """Noise, redder on dogs (1), bluer on cats (0), less so with more noise: uint8 (n, 32, 32, 3)."""
    random = np.random.default_rng(seed)
    labels = np.arange(number) % 2
    redder = 18 * (2 * labels - 1) + random.normal(0, noise, number)
    images = random.normal(120, 40, (number, SIDE_PX, SIDE_PX, 3))
    images[..., 0] += redder[:, None, None]
    images[..., 2] -= redder[:, None, None]
    return np.clip(images, 0, 255).astype(np.uint8), labels


def photo_folder(folder: Path, number: int = 80, seed: int = 0) -> Path:
    """The same as PNG files in the folders cats and dogs."""
    for count, (image, label) in enumerate(zip(*images_and_labels(number, seed), strict=True)):
        path = folder / ("cats", "dogs")[label] / f"{seed}_{count}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(cv2.imencode(".png", image[..., ::-1])[1]))
    return folder


def reader(
    *, scale: float = 1.0, units: int = 1, activation: str | None = "sigmoid", sign: float = 1.0
) -> keras.Model:
    """A network that answers by the mean of red minus blue.

    Args:
      scale: of one grey level in the input that it wants: 1 for 0..255, 1 / 255 for 0..1.
      units: of the last layer: 1, or 2 (class 0, class 1).
      activation: of the last layer.
      sign: -1 where class 1 is the cat.
    """
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    convolution = layers.Conv2D(4, 1, name="colour")
    dense = layers.Dense(units, activation=activation)
    model = keras.Model(images, dense(layers.GlobalAveragePooling2D()(convolution(images))))
    weights = np.zeros((1, 1, 3, 4), np.float32)
    weights[0, 0, 0, 0], weights[0, 0, 2, 1], weights[0, 0, 1, 2:] = 1, 1, 0.5
    convolution.set_weights([weights / scale, np.zeros(4, np.float32)])
    kernel = np.array([[1], [-1], [0], [0]], np.float32) * sign / 10
    dense.set_weights(
        [np.concatenate([-kernel, kernel], axis=1) / 2 if units == 2 else kernel, np.zeros(units, np.float32)]
    )
    model.compile("adam", "binary_crossentropy")
    return model
