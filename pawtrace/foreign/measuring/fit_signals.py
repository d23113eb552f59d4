"""The signals of the user's own `fit`, measured as during a recipe's training.

Arrives: the model in training, and its training photos as `fit` prepares them. Leaves: `FitSignals`. The
model does not change: moving averages and the seeds of dropout are restored after each measurement.
"""

import time
from typing import Any, NamedTuple, cast

import keras
import numpy as np

from pawtrace.foreign.measuring.network import input_size_px
from pawtrace.foreign.measuring.outputs import Output
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos
from pawtrace.learning.signals import Meter, Row, num_examples
from pawtrace.results.probe_results import EpochSignals

_SHARE_OF_TIME = 0.02  # of the training so far: then an epoch between the first and the last is left out


class FitSignals(NamedTuple):
    """What was recorded during a `fit`."""

    initial: EpochSignals | None = None  # before the first step
    epochs: tuple[EpochSignals, ...] = ()  # those that were measured
    convention: str | None = None  # in which `fit` feeds its pictures
    missing: str = ""  # why nothing was recorded


class ProbabilityOfDog(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """What a model gives out, (n, units), as P(class 1), (n, 1)."""

    def __init__(self, output: Output) -> None:
        """Take what the output means."""
        super().__init__(dtype="float32")
        self._output = output

    def call(self, values: Any) -> Any:
        """Read the output."""
        return self._output.of_class_1(values)[:, None]


class _OwnFit:
    """A model in its own `fit`, for a meter that expects a recipe's learner."""

    optimizer = None  # gradients are not read from it: only the optimizers of recipes keep them readable
    learning_rate = 1.0

    def __init__(self, model: keras.Model, output: Output) -> None:
        self.model = keras.Model(model.inputs[0], ProbabilityOfDog(output)(model.outputs[0]))
        self._trained = model

    def settle(self) -> None:
        """Bring the model's variables up to date; JAX keeps them elsewhere during `fit`."""
        if hasattr(self._trained, "jax_state_sync"):
            self._trained.jax_state_sync()


class FitRecorder:
    """Measures a model before training and at the end of epochs."""

    def __init__(
        self, model: keras.Model, output: Output, photos: Photos, convention: str, num_epochs: int
    ) -> None:
        """Take the model, and photos that `fit` feeds by a convention."""
        learner = cast(Any, _OwnFit(model, output))
        few = photos.first(num_examples(photos.num_found))
        images = scaled(few.images(input_size_px(model, few.size_px)), convention)
        self._meter = Meter(learner, images, few.labels[:, None].astype(np.float32))
        self._convention = convention
        self._num_epochs, self._began, self._spent = num_epochs, time.perf_counter(), 0.0
        self._knows_step, self._epochs = False, list[EpochSignals]()
        self._initial = self._measured(0)

    @property
    def signals(self) -> FitSignals:
        """What was recorded so far."""
        return FitSignals(self._initial, tuple(self._epochs), self._convention)

    def before_last_step(self, epoch: int) -> None:
        """Note the weights that the epoch's last step is about to change; epochs count from 1."""
        if self._is_due(epoch):
            self._note()

    def after_epoch(self, epoch: int) -> None:
        """Measure an epoch that has taken its last step, once."""
        measured = self._epochs and self._epochs[-1].epoch == epoch
        if self._is_due(epoch) and not measured:
            self._epochs.append(self._measured(epoch))

    def _is_due(self, epoch: int) -> bool:
        elapsed = time.perf_counter() - self._began
        return epoch in (1, self._num_epochs) or self._spent < _SHARE_OF_TIME * elapsed or self._knows_step

    def _note(self) -> None:
        start = time.perf_counter()
        self._meter.before_last_step()
        self._knows_step = True
        self._spent += time.perf_counter() - start

    def _measured(self, epoch: int) -> EpochSignals:
        knows_step = self._knows_step
        if not knows_step:
            self._note()
        start = time.perf_counter()
        row = self._meter.after_epoch()
        self._knows_step = False
        self._spent += time.perf_counter() - start
        return EpochSignals.model_validate({"epoch": epoch, **_known(row, knows_step=knows_step)})


def _known(row: Row, *, knows_step: bool) -> Row:
    """A row without gradients and, where the last step was not seen, without the size of its update."""
    unknown = {"gradient_rms": None} | ({} if knows_step else {"update_ratio": None})
    return {**row, "blocks": [{**block, **unknown} for block in row["blocks"]]}
