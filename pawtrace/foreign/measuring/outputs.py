"""What a model's output means: one unit or several, a probability or a logit."""

from typing import Any, NamedTuple

import keras
import numpy as np

from pawtrace.base.errors import TrainingError

# The units that are cats and dogs, of data sets that are known by their number of classes.
# Sources: the synsets of ILSVRC 2012, in the order of keras.applications; Krizhevsky 2009 for CIFAR-10.
_KNOWN = {
    1000: ("the classes of ImageNet", range(281, 286), range(151, 269)),
    10: ("the classes of CIFAR-10", range(3, 4), range(5, 6)),
}


class Output(NamedTuple):
    """How a model's last layer is read."""

    num_units: int
    activation: str  # sigmoid, softmax, linear, or another by Keras's name
    words: str
    order_is_known: bool = False  # whether the class that stands first is known

    @property
    def is_constant(self) -> bool:
        """Whether the output is 1 whatever the input: the softmax of a single number."""
        return self.num_units == 1 and self.activation == "softmax"

    def probability(self, values: np.ndarray) -> np.ndarray:
        """P(second class), float64 (n,), of what the model gives out, (n, units)."""
        values = values.astype(np.float64).reshape(len(values), -1)
        if self.num_units in _KNOWN:
            _, cats, dogs = _KNOWN[self.num_units]
            shares = values if self.activation == "softmax" else _softmax(values)
            of_cats, of_dogs = shares[:, list(cats)].sum(axis=1), shares[:, list(dogs)].sum(axis=1)
            return np.asarray(of_dogs / np.maximum(of_cats + of_dogs, 1e-12))
        if self.num_units == 1:
            return _sigmoid(values[:, 0]) if self.activation == "linear" else np.clip(values[:, 0], 0, 1)
        if self.activation == "linear":
            return np.asarray(_softmax(values)[:, 1])
        return np.asarray(values[:, 1] / np.maximum(values.sum(axis=1), 1e-12))


def output_of(model: keras.Model, loss: str, *, from_logits: bool) -> Output:
    """What the output of a model means.

    Args:
      model: with one output, (None, units).
      loss: it was compiled with, by Keras's name; empty where that is not known.
      from_logits: whether that loss takes logits.
    Raises:
      TrainingError: the number of units fits no known set of classes.
    """
    units, activation = int(model.output_shape[-1]), activation_of(model)
    if units in _KNOWN:
        name = _KNOWN[units][0]
        return Output(units, activation, f"{units:,} units, read as {name}", order_is_known=True)
    if units > 2:
        raise TrainingError(
            f"expected an output of 1 unit, 2 units, 10 (CIFAR-10) or 1,000 (ImageNet), found {units}; "
            "cut the model down to a cat unit and a dog unit, or train a head of your own"
        )
    if units == 1 and activation == "linear" and loss.startswith("mean_") and not from_logits:
        return Output(1, "number", "one unit without an activation, trained towards 0 and 1")
    words = {
        (1, "sigmoid"): "one unit with a sigmoid: the probability of class 1",
        (1, "linear"): "one unit without an activation: a logit of class 1",
        (1, "softmax"): "one unit with a softmax, which is 1 whatever the input",
        (2, "softmax"): "two units with a softmax",
        (2, "sigmoid"): "two units with a sigmoid each",
        (2, "linear"): "two units without an activation: logits",
    }.get((units, activation), f"{units} unit{'s' if units > 1 else ''} with {activation}")
    return Output(units, activation, words)


def activation_of(model: keras.Model) -> str:
    """The name of the activation after a model's last layer; dropout and the like are passed over."""
    for layer in reversed(_flat_layers(model)):
        if isinstance(layer, keras.layers.Softmax):
            return "softmax"
        if isinstance(layer, keras.layers.ReLU):
            return "relu"
        activation = getattr(layer, "activation", None)
        if activation is not None:
            return str(getattr(activation, "__name__", activation))
    return "linear"


def _flat_layers(model: keras.Model) -> list[Any]:
    layers: list[Any] = []
    for layer in model.layers:
        layers += _flat_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return layers


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))))


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
