"""A Keras callback for somebody's own `fit`: it records the epochs and prints the verdict at the end."""

from typing import Any

import keras

from pawtrace.foreign.diagnosing import ForeignDiagnosis, diagnose


class DiagnoseCallback(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Records the metrics of each epoch; when training ends, diagnoses the model and prints the result.

    Use: `model.fit(..., callbacks=[pawtrace.DiagnoseCallback(test, train)])`.
    """

    def __init__(self, test: Any, train: Any = None) -> None:
        """Take photos that are not trained on, and those that are, as `diagnose` takes them."""
        super().__init__()
        self._test, self._train = test, train
        self.history: dict[str, list[float]] = {}
        self.diagnosis: ForeignDiagnosis | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Forget an earlier training."""
        del logs
        self.history = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the epoch's metrics."""
        del epoch
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Diagnose."""
        del logs
        self.diagnosis = diagnose(self.model, self._test, self._train, self.history or None)
        print(self.diagnosis.text)
