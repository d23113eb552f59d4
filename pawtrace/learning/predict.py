"""What a saved model says of every example of a split."""

from pathlib import Path

import keras
import numpy as np

from pawtrace.config.errors import TrainingError
from pawtrace.dataset.shards import Records
from pawtrace.learning.batches import plain_batches


def load_classifier(path: Path) -> keras.Model:
    """Load a saved classifier: uint8 (b, s, s, 3) RGB -> float32 (b, 1), P(dog).

    Raises:
      TrainingError: the file is missing or is no Keras model.
    """
    if not path.exists():
        raise TrainingError(f"{path} is missing; run: dvc repro train@{path.parent.name}")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the file's content provokes
        found = " ".join(str(error).split())[:200]
        raise TrainingError(
            f"{path}: expected a Keras model, found: {found}; run: dvc repro train@{path.parent.name}"
        ) from error


def predict(model: keras.Model, records: Records, batch_size: int) -> np.ndarray:
    """P(dog) of every record, unaugmented, in the order of the records.

    Returns:
      float64 (n,).
    """
    batches = plain_batches(records, size_px=model.input_shape[1], batch_size=batch_size)
    return np.asarray(model.predict(batches, verbose=0), np.float64)[:, 0]
