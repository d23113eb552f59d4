"""A Keras callback for the user's own `fit`: it records the epochs and prints the verdict at the end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from pawtrace.base.errors import PawtraceError
from pawtrace.foreign.diagnosing import ForeignDiagnosis, diagnose_file
from pawtrace.foreign.measuring.fit_signals import FitRecorder, FitSignals
from pawtrace.foreign.measuring.outputs import output_of
from pawtrace.foreign.reading.history_file import history_of
from pawtrace.foreign.reading.model_file import model_of
from pawtrace.foreign.reading.photos import read_photos
from pawtrace.results.number_words import percent
from pawtrace.results.probe_results import EpochSignals

_DIFFERENT = 0.3  # accuracy in training mode: more than few pictures and augmentation explain
_INSTEAD = "give DiagnoseCallback train=(images, labels) or the dataset, as fit gets them"


class DiagnoseCallback(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Record metrics and signals of each epoch; at the end, diagnose the model and print the result.

    Use: `model.fit(..., callbacks=[pawtrace.DiagnoseCallback(test, train)])`, as the last callback.
    """

    def __init__(self, test: Any, train: Any = None) -> None:
        """Take test photos and training photos, in the forms that `diagnose` takes.

        To record signals, `train` must be arrays or a dataset: the pictures as `fit` gets them.
        """
        super().__init__()
        self._test, self._train = test, train
        self.history: dict[str, list[float]] = {}
        self.diagnosis: ForeignDiagnosis | None = None
        self._recorder: FitRecorder | None = None
        self._missing = ""

    @property
    def signals(self) -> FitSignals:
        """What was recorded, or why nothing was."""
        if self._recorder is None:
            return FitSignals(missing=self._missing)
        signals = self._recorder.signals
        problem = _contradicted(signals.epochs, self.history)
        return FitSignals(missing=problem) if problem else signals

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Read the photos, so that unusable photos are reported before the training."""
        del logs
        self.history, self.diagnosis = {}, None
        self._test_photos = read_photos(self._test)
        self._train_photos = None if self._train is None else read_photos(self._train)
        self._num_steps = self.params.get("steps")
        file, self._missing = model_of(self.model), _missing(self._train)
        self._recorder = None
        if self._train_photos is not None and not self._missing:
            output = output_of(file.model, file.compiled.loss, from_logits=file.compiled.from_logits)
            fed, num_epochs = self._train_photos.fed or "zero_to_255", self.params.get("epochs") or 1
            self._recorder = FitRecorder(file.model, output, self._train_photos, fed, num_epochs)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Count the epochs from 1."""
        del logs
        self._epoch = epoch + 1

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Note the weights before the last step of an epoch."""
        del logs
        if self._recorder is not None and _steps_one_by_one(self.model) and batch + 1 == self._num_steps:
            self._recorder.before_last_step(self._epoch)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Measure after the last step, before other callbacks or the validation change anything."""
        del logs
        self._last_batch = batch
        if self._recorder is not None and batch + 1 == self._num_steps:
            self._recorder.after_epoch(self._epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the epoch's metrics."""
        if self._recorder is not None:
            self._recorder.after_epoch(self._epoch)
        del epoch
        self._num_steps = self._last_batch + 1
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Diagnose the model; if that fails, print the reason and let the user's script continue."""
        del logs
        try:
            self.diagnosis = diagnose_file(
                model_of(self.model),
                self._test_photos,
                self._train_photos,
                self.history or None,
                fit=self.signals,
            )
            print(self.diagnosis.text)
        except PawtraceError as problem:
            print(f"pawtrace: {problem}")


def _missing(train: Any) -> str:
    """Why the signals cannot be recorded; empty where they can."""
    if train is None:
        return f"DiagnoseCallback got no training photos; {_INSTEAD}"
    if isinstance(train, str | Path):
        return f"files do not show how fit prepares the photos; {_INSTEAD}"
    return ""


def _contradicted(epochs: Sequence[EpochSignals], history: dict[str, list[float]]) -> str:
    """Why the pictures of the signals cannot be those of `fit`; empty where they can."""
    if not epochs or "loss" not in history:
        return ""
    ours, theirs = epochs[-1].training.accuracy or 0.0, history_of(history, "history").accuracy[-1]
    if not theirs - ours > _DIFFERENT:  # neither for an accuracy that is not in the history
        return ""
    return (
        f"the accuracy is {percent(ours)} on the pictures in train, but {percent(theirs)} in fit, which "
        f"prepares them differently; {_INSTEAD}"
    )


def _steps_one_by_one(model: keras.Model) -> bool:
    """Whether a step of `fit` is one update of the weights."""
    accumulates = getattr(model.optimizer, "gradient_accumulation_steps", None)
    return model.steps_per_execution == 1 and not accumulates
