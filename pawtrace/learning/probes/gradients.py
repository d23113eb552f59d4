"""Gradients through Keras's own training step, so that any backend computes them."""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from pawtrace.learning.checkpoints import assign, values_of
from pawtrace.running.processes import stop_if_interrupted

Loss = Callable[..., Any]  # keras.losses.Loss, or (targets, outputs) -> losses of the examples


class GradientKeeper(keras.optimizers.Optimizer):  # type: ignore[misc]  # Keras has no types
    """An optimizer that keeps the gradients it is handed and changes no weight."""

    def __init__(self) -> None:
        """A learning rate is asked for, and is of no use."""
        super().__init__(learning_rate=0.0)

    def build(self, variables: list[keras.Variable]) -> None:
        """Make a slot for the gradient of each variable."""
        if self.built:
            return
        super().build(variables)
        # Not zero: float16's loss scaling hands over nothing where a gradient overflows.
        unknown = keras.initializers.Constant(math.nan)
        self._kept = [self.add_variable_from_reference(v, "gradient", unknown) for v in variables]

    def update_step(  # type: ignore[no-untyped-def]
        self,
        gradient,
        variable,
        learning_rate,  # noqa: ARG002
    ) -> None:
        """Keep a gradient."""
        self.assign(self._kept[self._get_variable_index(variable)], gradient)

    def gradient_of(self, variable: keras.Variable) -> np.ndarray:
        """The gradient that was last kept of a variable: float32, of its shape."""
        return values_of([self._kept[self._get_variable_index(variable)]])[0]


def gradients_of(
    model: keras.Model, inputs: np.ndarray, targets: np.ndarray, loss: Loss, batch_size: int | None = None
) -> list[np.ndarray]:
    """The gradient of the mean loss, in training mode, with regard to each trainable variable.

    The model does not change: moving averages and the seeds of dropout are restored. The penalties on its
    weights are part of the loss, as in training.

    Args:
      model: with trainable variables.
      inputs: (n, ...).
      targets: (n, ...).
      loss: of the model's outputs; its mean over the examples counts.
      batch_size: examples at once; all when not given. With batch normalisation it changes the result.
    Returns:
      Arrays in the order of `model.trainable_variables`, float32; NaN where a float16 overflowed.
    """
    keeper = GradientKeeper()
    keeper.build(model.trainable_variables)
    # A second model of the same layers: what the first one is compiled with stays as it is.
    twin = keras.Model(model.inputs[0], model.outputs[0])
    twin.compile(optimizer=keeper, loss=loss, run_eagerly=True)  # compiling takes longer than a few batches
    totals = [np.zeros(variable.shape, np.float32) for variable in model.trainable_variables]
    with state_kept(model):
        for start in range(0, len(inputs), batch_size or len(inputs)):
            batch = slice(start, start + (batch_size or len(inputs)))
            twin.train_on_batch(inputs[batch], targets[batch])
            stop_if_interrupted()  # see Learner.begin_step
            share = len(inputs[batch]) / len(inputs)
            for total, variable in zip(totals, model.trainable_variables, strict=True):
                with np.errstate(invalid="ignore"):  # infinities may meet
                    total += share * keeper.gradient_of(variable)
    return totals


@contextlib.contextmanager
def state_kept(model: keras.Model) -> Iterator[None]:
    """Put weights, moving averages and the seeds of dropout back when the block ends."""
    saved_values = values_of(model.variables)
    try:
        yield
    finally:
        assign(model.variables, saved_values)


def jit_compile() -> bool | str:
    """What `compile` should be told for a few steps: XLA takes longer to compile than they do."""
    return False if keras.backend.backend() == "tensorflow" else "auto"
