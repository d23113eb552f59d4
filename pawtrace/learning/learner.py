"""The compiled model of a phase, trained one batch at a time, so that every step can be a checkpoint."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.learning.checkpoints import assign, values_of
from pawtrace.learning.device import Compute, spread_over_devices
from pawtrace.learning.inputs.loader import Batch
from pawtrace.learning.loss import LabelWeights, build_loss
from pawtrace.learning.networks.model import Classifier
from pawtrace.learning.optimizer import build_optimizer, learning_rate
from pawtrace.learning.steps import Metrics, steps_of
from pawtrace.running.processes import stop_if_interrupted


class Learner:
    """A model with its optimizer and its loss, for one phase."""

    def __init__(
        self,
        train: TrainParams,
        phase: Phase,
        classifier: Classifier,
        model: keras.Model,
        steps_per_epoch: int,
        compute: Compute,
        weights: LabelWeights = (1.0, 1.0),
    ) -> None:
        """Compile the whole classifier or its head, whichever learns from what the phase shows."""
        # A second model of the same layers: the optimizer's state stays out of the saved one.
        self.model = keras.Model(model.inputs[0], model.outputs[0])
        self._ema = bool(train.ema_momentum)
        self._rate = learning_rate(train, phase, steps_per_epoch)
        self.model.compile(
            optimizer=build_optimizer(train, phase, self.model, classifier.backbone, steps_per_epoch),
            loss=build_loss(train, weights),
            # The loss holds penalties and smoothed labels; this is comparable between recipes.
            metrics=[keras.metrics.BinaryCrossentropy(name="cross_entropy"), accuracy],
            jit_compile=compute.xla,
        )
        self.optimizer = self.model.optimizer  # with float16, wrapped to scale the loss
        self.optimizer.build(self.model.trainable_variables)
        shape = self.model.input_shape[1:]
        kind = keras.backend.standardize_dtype(self.model.inputs[0].dtype)
        # Builds the metrics, which cannot be done on a batch that is spread over devices.
        num_examples = compute.num_devices  # as JAX shares out whatever it is given
        self.model.test_on_batch(
            np.zeros((num_examples, *shape), kind), np.zeros((num_examples, 1), np.float32)
        )
        self._steps = steps_of(self.model, compute.num_devices)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step, rounded to six digits, because it is stored as float32."""
        self.settle()
        return float(f"{float(keras.ops.convert_to_numpy(self.optimizer.learning_rate)):.6g}")

    def learning_rate_at(self, num_steps: int) -> float:
        """The learning rate after a number of steps of the phase."""
        rate = self._rate(num_steps) if callable(self._rate) else self._rate
        return float(keras.ops.convert_to_numpy(rate))

    def begin_step(self, inputs: Any, labels: Any) -> Metrics:
        """Take one step, without waiting for it.

        Returns:
          What `numbers_of` makes numbers of.
        """
        metrics = self._steps.train(inputs, labels)
        # Keras waits for some results inside a bare `except: pass`, which swallows Ctrl-C.
        stop_if_interrupted()
        return metrics

    def settle(self) -> None:
        """Wait for all steps, and update the variables of the model and the optimizer."""
        self._steps.settle()

    def measure(self, batches: Iterable[Batch]) -> dict[str, float]:
        """The mean `loss` (cross-entropy) and `accuracy` of a dataset, in inference mode."""
        self.settle()
        metrics = numbers_of(self._steps.measure(spread_over_devices(batches)))
        stop_if_interrupted()
        return {name: metrics[name] for name in ("loss", "accuracy")}

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Measure and keep the moving average of the weights, where the recipe has one."""
        self.settle()
        if not self._ema:
            yield
            return
        variables = self.model.trainable_variables
        current = values_of(variables)
        self.optimizer.finalize_variable_values(variables)
        yield
        assign(variables, current)


def numbers_of(metrics: Metrics) -> dict[str, float]:
    """Wait for the steps that gave these metrics.

    Returns:
      `objective`, what was minimised, and the mean `loss` (cross-entropy) and `accuracy`.
    """
    names = {"objective": "loss", "loss": "cross_entropy", "accuracy": "accuracy"}
    return {name: float(keras.ops.convert_to_numpy(metrics[of])) for name, of in names.items()}


def accuracy(labels: Any, probabilities: Any) -> Any:
    """The share of examples whose label, rounded where it is mixed, is the predicted one."""
    dog, said_dog = keras.ops.round(labels), keras.ops.cast(probabilities >= 0.5, labels.dtype)
    return keras.ops.cast(keras.ops.equal(dog, said_dog), "float32")
