"""Predict photos that are in no split, prepared as evaluation prepares its examples."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import keras
import numpy as np

from pawtrace.base.errors import TrainingError
from pawtrace.dataset.examples.pixels import View, square
from pawtrace.dataset.examples.records import Record
from pawtrace.learning.predict import load_classifier


def photo_classifier(path: Path) -> keras.Model:
    """Load a model for photos, from an untrusted source.

    Raises:
      TrainingError: the file is no Keras model, or is none of cats and dogs.
    """
    model = load_classifier(path)
    inputs, outputs = model.input_shape, model.output_shape  # lists, where there are several
    side = inputs[1] if len(inputs) == 4 else None
    if inputs != (None, side, side, 3) or side is None or outputs != (None, 1):
        raise TrainingError(
            f"{path}: expected a model from square RGB images to P(dog), as training leaves it, "
            f"found {inputs} to {outputs}"
        )
    return model


def views_of(record: Record, size_px: int, view: View | None, num_views: int) -> np.ndarray:
    """The central square of a photo, and augmented views of it; the same ones for the same id.

    Args:
      record: the photo.
      size_px: side of the square, pixels.
      view: makes the augmented views; unused where `num_views` is 1.
      num_views: the plain square, and so many less one augmented ones.
    Returns:
      uint8 (num_views, size_px, size_px, 3), RGB.
    """
    plain = square(record, size_px)
    augmented = [] if view is None else [view(plain, record.id, number) for number in range(1, num_views)]
    return np.stack([plain, *augmented])


def predict_views(model: keras.Model, photos: Iterable[np.ndarray], batch_size: int) -> Iterator[float]:
    """P(dog) of each photo in turn: the mean over its views.

    Args:
      model: uint8 (b, s, s, 3) RGB -> float32 (b, 1).
      photos: the views of each, uint8 (v, s, s, 3), equally many for all; read a batch ahead.
      batch_size: photos to a batch.
    """
    stream = iter(photos)
    while batch := list(itertools.islice(stream, batch_size)):
        images = np.concatenate(batch)
        probabilities = np.asarray(model.predict_on_batch(images), np.float64)
        yield from probabilities.reshape(len(batch), -1).mean(axis=1).tolist()
