"""Predict every example of a split with a saved model."""

from pathlib import Path

import keras
import numpy as np

from pawtrace.base.errors import TrainingError
from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.inputs.batches import plain_batches
from pawtrace.learning.networks.keras_files import load_model_file
from pawtrace.learning.steps import forward_of


def load_classifier(path: Path) -> keras.Model:
    """Load a saved classifier: uint8 (b, s, s, 3) RGB -> float32 (b, 1), P(dog).

    Raises:
      TrainingError: the file is missing, is no Keras model, or holds values that are not finite.
    """
    if not path.exists():
        raise TrainingError(f"{path} is missing; run: dvc repro")
    try:
        return load_model_file(path)
    except ValueError as error:
        raise TrainingError(
            f"{path}: expected a Keras model, found {error}; if a recipe left it, run: dvc repro --force"
        ) from error


def predict(
    model: keras.Model, records: Records, batch_size: int, *, view: View | None = None, num_views: int = 1
) -> np.ndarray:
    """P(dog) of every record in the order of the records: the mean over views of its image.

    Args:
      model: uint8 (b, s, s, 3) RGB -> float32 (b, 1).
      records: of any split.
      batch_size: of the computation.
      view: makes the augmented views; unused where `num_views` is 1.
      num_views: the plain image, and so many less one augmented views (test-time augmentation,
        Krizhevsky et al. 2012).
    Returns:
      float64 (n,).
    """
    views = [None, *[view] * (num_views - 1)]
    total, forward = np.zeros(len(records)), forward_of(model)
    for number, current_view in enumerate(views):
        batches = plain_batches(
            records, size_px=model.input_shape[1], batch_size=batch_size, view=current_view, epoch=number
        )
        probabilities = [forward(images)[:, 0] for images, _ in batches]
        total += np.concatenate(probabilities).astype(np.float64)
    return total / num_views
