"""What happened in each epoch, and the weights of the best one."""

import csv
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from dvclive import Live

from pawtrace.config.errors import TrainingError
from pawtrace.config.files import new_file

# Names for DVCLive's plots, which group what stands before the slash.
_LIVE_NAMES = {
    "loss": "train/loss",
    "accuracy": "train/accuracy",
    "val_loss": "validation/loss",
    "val_accuracy": "validation/accuracy",
}


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Records every epoch of all phases and keeps the weights with the lowest validation loss.

    Attributes:
      rows: a row an epoch, as in history.csv.
      best_epoch: its number, from 1 on.
    """

    def __init__(self, whole: keras.Model, live: Live) -> None:
        """Watch a model; a phase may fit only a part of it."""
        super().__init__()
        self._whole, self._live = whole, live
        self._best_weights: list[np.ndarray] = []
        self._best_loss = math.inf
        self._epoch_start = 0.0
        self.rows: list[dict[str, Any]] = []
        self.best_epoch = 0
        self.phase = 0
        self.training_s = 0.0  # without validation

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Start the clock."""
        self._epoch_start = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Stop the clock: what follows is validation."""
        self.training_s += time.perf_counter() - self._epoch_start

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keep the epoch's row, and its weights if they are the best so far.

        Raises:
          TrainingError: a loss is not a finite number.
        """
        losses = {name: float((logs or {})[name]) for name in _LIVE_NAMES}
        learning_rate = float(f"{float(self.model.optimizer.learning_rate):.6g}")  # it is kept as float32
        if not all(map(math.isfinite, losses.values())):
            raise TrainingError(
                f"epoch {epoch + 1}: expected a finite loss, found {losses} at a learning rate of "
                f"{learning_rate:g}; lower train.learning_rate and run: dvc repro"
            )
        self.rows.append({"epoch": epoch + 1, "phase": self.phase, "learning_rate": learning_rate, **losses})
        for name, value in losses.items():
            self._live.log_metric(_LIVE_NAMES[name], value)
        self._live.next_step()
        if losses["val_loss"] < self._best_loss:
            self._best_loss, self.best_epoch = losses["val_loss"], epoch + 1
            self._best_weights = self._whole.get_weights()

    def restore_best(self) -> None:
        """Give the model the best epoch's weights."""
        self._whole.set_weights(self._best_weights)


def write_history(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write history.csv: a line an epoch."""
    with new_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
