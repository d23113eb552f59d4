"""What is trained in a phase, compiled: one batch at a time, so that every step can be a checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.learning.checkpoints import assign, values_of
from pawtrace.learning.device import Compute
from pawtrace.learning.networks.model import Classifier
from pawtrace.learning.optimizer import build_optimizer
from pawtrace.running.processes import stop_if_interrupted


class Learner:
    """A model with its optimizer and its loss, for the time of one phase."""

    def __init__(
        self,
        train: TrainParams,
        phase: Phase,
        classifier: Classifier,
        model: keras.Model,
        steps_per_epoch: int,
        compute: Compute,
    ) -> None:
        """Compile the whole classifier or its head, whichever learns from what the phase shows."""
        # A second model of the same layers: the optimizer's state stays out of the saved one.
        self.model = keras.Model(model.inputs[0], model.outputs[0])
        self._ema = bool(train.ema_momentum)
        self.model.compile(
            optimizer=build_optimizer(train, phase, self.model, classifier.backbone, steps_per_epoch),
            loss=keras.losses.BinaryCrossentropy(label_smoothing=train.label_smoothing),
            # The loss holds penalties and smoothed labels; this is comparable between recipes.
            metrics=[keras.metrics.BinaryCrossentropy(name="cross_entropy"), accuracy],
            jit_compile=compute.xla,
        )
        self.optimizer = self.model.optimizer  # with float16, wrapped to scale the loss
        self.optimizer.build(self.model.trainable_variables)
        shape = self.model.input_shape[1:]
        kind = keras.backend.standardize_dtype(self.model.inputs[0].dtype)
        # Builds the metrics, which cannot be done on a batch that is spread over devices.
        self.model.test_on_batch(np.zeros((1, *shape), kind), np.zeros((1, 1), np.float32))

    @property
    def learning_rate(self) -> float:
        """Of the next step, as six digits: it is kept as float32."""
        return float(f"{float(keras.ops.convert_to_numpy(self.optimizer.learning_rate)):.6g}")

    def train_on(self, inputs: Any, labels: Any) -> dict[str, float]:
        """Take one step.

        Returns:
          `objective`, what was minimised, and the batch's mean `loss` (cross-entropy) and `accuracy`.
        """
        logs = self.model.train_on_batch(inputs, labels, return_dict=True)
        # Keras waits for the step's result inside a bare `except: pass`, which swallows Ctrl-C.
        stop_if_interrupted()
        return {
            "objective": float(logs["loss"]),
            "loss": float(logs["cross_entropy"]),
            "accuracy": float(logs["accuracy"]),
        }

    def measure(self, batches: tf.data.Dataset) -> dict[str, float]:
        """The mean `loss` (cross-entropy) and `accuracy` of a dataset, in inference mode."""
        logs = self.model.evaluate(batches, return_dict=True, verbose=0)
        stop_if_interrupted()
        return {"loss": float(logs["cross_entropy"]), "accuracy": float(logs["accuracy"])}

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Measure and keep the moving average of the weights, where the recipe has one."""
        if not self._ema:
            yield
            return
        variables = self.model.trainable_variables
        current = values_of(variables)
        self.optimizer.finalize_variable_values(variables)
        yield
        assign(variables, current)


def accuracy(labels: Any, probabilities: Any) -> Any:
    """The share of examples whose label, rounded where it is mixed, is the predicted one."""
    dog, said_dog = keras.ops.round(labels), keras.ops.cast(probabilities >= 0.5, labels.dtype)
    return keras.ops.cast(keras.ops.equal(dog, said_dog), "float32")
