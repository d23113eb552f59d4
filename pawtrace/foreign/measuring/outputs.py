"""What a model's output means: one unit or several, a probability or a logit."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras
import numpy as np

from pawtrace.base.errors import TrainingError

# The units that are cats and dogs, of data sets that are known by their number of classes.
# Sources: the synsets of ILSVRC 2012, in the order of keras.applications; Krizhevsky 2009 for CIFAR-10.
_KNOWN = {
    1000: ("the classes of ImageNet", slice(281, 286), slice(151, 269)),
    10: ("the classes of CIFAR-10", slice(3, 4), slice(5, 6)),
}

FEW_UNITS = range(3, 10)  # a class for other things beside cat and dog, say
_TELLS = 0.5  # by how much the mean outputs for cats and dogs must differ, of two units together
_NEW_HEAD = "reduce the output to a cat unit and a dog unit, or train a new head"
_SAME_SUM = 0.01  # of probabilities, from 1: float16 rounds


class Output(NamedTuple):
    """How to interpret a model's output."""

    num_units: int
    activation: str  # sigmoid, softmax, linear, or another by Keras's name
    words: str
    order_is_known: bool = False  # whether the class that stands first is known
    pair: tuple[int, int] | None = None  # of several units: those of cats and of dogs

    @property
    def is_constant(self) -> bool:
        """Whether the output is 1 whatever the input: the softmax of a single number."""
        return self.num_units == 1 and self.activation == "softmax"

    @property
    def is_of_many_classes(self) -> bool:
        """Whether the units are read as the classes of a data set of many things."""
        return self.num_units in _KNOWN

    def probability(self, values: np.ndarray) -> np.ndarray:
        """P(second class), float64 (n,), of what the model gives out, (n, units)."""
        values = values.astype(np.float64).reshape(len(values), -1)
        return np.asarray(keras.ops.convert_to_numpy(self.of_class_1(values)), np.float64)

    def of_class_1(self, values: Any) -> Any:
        """The same of a tensor."""
        if self.num_units in _KNOWN:
            _, cats, dogs = _KNOWN[self.num_units]
            shares = values if self.activation == "softmax" else keras.ops.softmax(values)
            return _share(*(keras.ops.sum(shares[:, units], axis=1) for units in (cats, dogs)))
        if self.pair is not None:
            shares = keras.ops.softmax(values) if self.activation == "linear" else values
            return _share(*(shares[:, unit] for unit in self.pair))
        if self.num_units == 1:
            only = values[:, 0]
            return keras.ops.sigmoid(only) if self.activation == "linear" else keras.ops.clip(only, 0, 1)
        if self.activation == "linear":
            return keras.ops.softmax(values)[:, 1]
        return _share(values[:, 0], values[:, 1])


def output_of(
    model: keras.Model, loss: str, *, from_logits: bool, values: np.ndarray | None = None
) -> Output:
    """What the output of a model means.

    Args:
      model: with one output, (None, units).
      loss: it was compiled with, by Keras's name; empty where that is not known.
      from_logits: whether that loss takes logits.
      values: some that it gave out, (n, units), where its layers cannot be seen.
    Raises:
      TrainingError: the number of units fits no known set of classes.
    """
    if values is not None:
        output = _output(int(model.output_shape[-1]), activation_by(values), loss, from_logits=from_logits)
        return output._replace(words=f"{output.words} (inferred from its values)")
    return _output(int(model.output_shape[-1]), activation_of(model), loss, from_logits=from_logits)


def several_units(model: keras.Model, answers: Iterable[np.ndarray], labels: np.ndarray) -> Output:
    """The output of a model with a few units of unknown meaning: which ones are cats and dogs, by photos.

    Args:
      model: with one output, (None, units).
      answers: of the photos, (n, units) each, under each input scaling.
      labels: of the photos, int (n,), 1 for a dog.
    Raises:
      TrainingError: no two units tell cats from dogs.
    """
    units, activation = int(model.output_shape[-1]), activation_of(model)
    differences = []
    for values in answers:
        shares = np.asarray(keras.ops.softmax(values)) if activation == "linear" else values
        differences.append(shares[labels == 1].mean(axis=0) - shares[labels == 0].mean(axis=0))
    clearest = max(differences, key=lambda each: float(each.max() - each.min()))
    if clearest.max() - clearest.min() < _TELLS:
        raise TrainingError(
            f"expected a unit for cats and one for dogs, found {units} units that do not tell photos of cats "
            f"from those of dogs; {_NEW_HEAD}"
        )
    cat, dog = int(clearest.argmin()), int(clearest.argmax())
    words = f"{units} units, of which {cat} is for cats and {dog} for dogs, judged by the photos"
    return Output(units, activation, words, order_is_known=True, pair=(cat, dog))


def _unknown_units(units: int) -> TrainingError:
    return TrainingError(
        f"expected an output of 1 unit, 2 units, 10 (CIFAR-10) or 1,000 (ImageNet), found {units}; "
        f"{_NEW_HEAD}"
    )


def _output(units: int, activation: str, loss: str, *, from_logits: bool) -> Output:
    if units in _KNOWN:
        name = _KNOWN[units][0]
        return Output(units, activation, f"{units:,} units, read as {name}", order_is_known=True)
    if units > 2:
        raise _unknown_units(units)
    takes_probability = loss.startswith("mean_") or "binary" in loss
    if units == 1 and activation == "linear" and takes_probability and not from_logits:
        return Output(1, "number", "one unit without an activation, trained towards 0 and 1")
    words = {
        (1, "sigmoid"): "one unit with a sigmoid: the probability of class 1",
        (1, "linear"): "one unit without an activation: a logit of class 1",
        (1, "softmax"): "one unit with a softmax, which is always 1",
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


def activation_by(values: np.ndarray) -> str:
    """The activation that values look like, (n, units): of one unit or several."""
    if values.min() < 0 or values.max() > 1:
        return "linear"
    is_distribution = np.abs(values.sum(axis=1) - 1).max() < _SAME_SUM
    return "softmax" if is_distribution else "sigmoid"


def _flat_layers(model: keras.Model) -> list[Any]:
    layers: list[Any] = []
    for layer in model.layers:
        layers += _flat_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return layers


def _share(of_others: Any, of_class: Any) -> Any:
    """The share of a class in what two have together."""
    return of_class / keras.ops.maximum(of_others + of_class, 1e-12)
