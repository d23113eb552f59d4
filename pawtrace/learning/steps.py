"""Asynchronous training steps: the device computes while the next batch is fetched.

`Model.train_on_batch` waits for each step's metrics; on JAX it also copies every variable's value back.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

import keras
import numpy as np

from pawtrace.learning.hosts import whole_array

Metrics = dict[str, Any]  # still on the device
# Steps that were begun and not waited for: a device never idles, and its memory holds their batches.
MAX_IN_FLIGHT = 8
Spread = tuple[Any, Any, int]  # inputs and labels as the devices take them, number of examples


class Steps(Protocol):
    """Takes a model's steps."""

    def train(self, inputs: Any, labels: Any) -> Metrics:
        """Begin a step on a batch."""

    def settle(self) -> None:
        """Give the model's and the optimizer's variables the values that the last step left."""

    def measure(self, batches: Iterable[Spread]) -> Metrics:
        """The metrics of a whole dataset in inference mode; all training steps must be settled."""


def steps_of(model: keras.Model, num_devices: int) -> Steps:
    """What takes the steps of a compiled model, whose metrics and optimizer are built."""
    model.make_train_function()
    model.make_test_function()
    if keras.backend.backend() == "jax":
        return _JaxSteps(model)
    return _Steps(model) if num_devices == 1 else _MirroredSteps(model)


def forward_of(model: keras.Model) -> Callable[[Any], np.ndarray]:
    """A model's outputs for a batch, in inference mode.

    On JAX `Model.predict_on_batch` copies every weight for each batch.
    """
    if keras.backend.backend() != "jax":
        return lambda inputs: np.asarray(model.predict_on_batch(inputs))
    values = [[v.value for v in kind] for kind in (model.trainable_variables, model.non_trainable_variables)]
    return lambda inputs: np.asarray(whole_array(_jax_forward()(model, *values, inputs)))


@functools.cache
def _jax_forward() -> Callable[..., Any]:
    """One function for all models, so that each is compiled once for each shape of its inputs."""
    import jax

    def forward(model: keras.Model, trainable: list[Any], others: list[Any], inputs: Any) -> Any:
        return model.stateless_call(trainable, others, inputs, training=False)[0]

    return cast("Callable[..., Any]", jax.jit(forward, static_argnums=0))


class _Steps:
    """On TensorFlow and PyTorch, where a step changes the variables themselves."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    def train(self, inputs: Any, labels: Any) -> Metrics:
        self._model.reset_metrics()
        metrics: Metrics = self._model.train_function([(inputs, labels)])
        return metrics

    def settle(self) -> None:
        pass

    def measure(self, batches: Iterable[Spread]) -> Metrics:
        self._model.reset_metrics()
        metrics: Metrics = {}
        for inputs, labels, _ in batches:
            metrics = self._model.test_function([(inputs, labels)])
        return metrics


class _MirroredSteps(_Steps):
    """On several devices of TensorFlow's; each computes the whole of a batch that is too small for all."""

    def measure(self, batches: Iterable[Spread]) -> Metrics:
        sums, num_measured = dict[str, float](), 0
        for inputs, labels, num_examples in batches:
            self._model.reset_metrics()
            self._model.test_function([(inputs, labels)])
            # Read outside of the devices: their sums are added up, however uneven their parts are.
            for name, value in self._model.get_metrics_result().items():
                sums[name] = sums.get(name, 0.0) + num_examples * float(value)
            num_measured += num_examples
        return {name: total / num_measured for name, total in sums.items()}


class _JaxSteps:
    """On JAX, where a step makes new values of old ones, whose memory it takes.

    Source: Keras's guide "Customizing what happens in `fit()` with JAX".
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._values: tuple[list[Any], ...] = ()  # of the variables, while steps are in flight

    def train(self, inputs: Any, labels: Any) -> Metrics:
        *values, _ = self._values or [[v.value for v in variables] for variables in self._variables()]
        metrics: Metrics
        state = (*values, self._no_metrics())
        metrics, self._values = self._model.train_function(state, iter([(inputs, labels)]))
        return metrics

    def settle(self) -> None:
        for variables, values in zip(self._variables(), self._values, strict=False):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        self._values = ()

    def measure(self, batches: Iterable[Spread]) -> Metrics:
        trainable, others, *_ = self._variables()
        # Copies: the step takes the memory of what it is given.
        values = [[keras.ops.copy(v.value) for v in variables] for variables in (trainable, others)]
        state, metrics = (*values, self._no_metrics()), {}
        for number, (inputs, labels, _) in enumerate(batches, start=1):
            metrics, state = self._model.test_function(state, iter([(inputs, labels)]))
            if number % MAX_IN_FLIGHT == 0:
                keras.ops.convert_to_numpy(metrics["loss"])  # or batches pile up in the device's memory
        return metrics

    def _variables(self) -> tuple[list[keras.Variable], ...]:
        model = self._model
        return (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )

    def _no_metrics(self) -> list[Any]:
        return [keras.ops.zeros(v.shape, v.dtype) for v in self._model.metrics_variables]
