"""What an output means is told by its units and its activation."""

import keras
import numpy as np
import pytest
from keras import layers

from pawtrace.base.errors import TrainingError
from pawtrace.foreign.measuring.outputs import Output, activation_by, output_of
from tests.foreign.colours import reader


def output(units: int, activation: str | None, loss: str = "") -> Output:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(units, activation=activation)(inputs))
    return output_of(model, loss, from_logits=False)


@pytest.mark.parametrize(
    ("units", "activation", "values", "expected"),
    [
        (1, "sigmoid", [[0.8]], 0.8),
        (1, None, [[14.07]], 1 / (1 + np.exp(-14.07))),
        (2, "softmax", [[0.3, 0.7]], 0.7),
        (2, "sigmoid", [[0.2, 0.6]], 0.75),
        (2, None, [[1.0, 1.0]], 0.5),
    ],
)
def test_the_probability_of_class_1(
    units: int, activation: str | None, values: list[list[float]], expected: float
) -> None:
    assert output(units, activation).probability(np.array(values)) == pytest.approx([expected])


def test_a_softmax_over_one_unit_is_constant() -> None:
    assert output(1, "softmax").is_constant
    assert not output(1, "sigmoid").is_constant


def test_of_imagenets_classes_cats_and_dogs_are_counted() -> None:
    values = np.zeros((2, 1000))
    values[0, 281], values[0, 151] = 0.6, 0.2
    values[1, 207] = 0.5
    found = output(1000, "softmax")
    assert found.order_is_known
    assert found.probability(values) == pytest.approx([0.25, 1.0])


def test_a_number_that_is_trained_towards_0_and_1_is_no_logit() -> None:
    for loss in ("mean_squared_error", "binary_crossentropy"):  # without from_logits, it takes probabilities
        assert output(1, None, loss=loss).probability(np.array([[0.9]])) == pytest.approx([0.9])


def test_classes_without_names_are_refused_in_one_line() -> None:
    with pytest.raises(TrainingError, match="expected an output of 1 unit, 2 units.*found 7"):
        output(7, "softmax")


@pytest.mark.parametrize(
    ("values", "activation"),
    [
        ([[0.0], [0.9]], "sigmoid"),
        ([[-0.1], [0.9]], "linear"),
        ([[1.0], [1.0]], "softmax"),
        ([[0.3, 0.7], [1.0, 0.0]], "softmax"),
        ([[0.3, 0.3], [0.9, 0.8]], "sigmoid"),
        ([[0.3, 3.0], [0.9, 0.1]], "linear"),
    ],
)
def test_values_tell_the_activation_where_layers_do_not(values: list[list[float]], activation: str) -> None:
    assert activation_by(np.array(values)) == activation


def test_an_activation_layer_of_its_own_counts() -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Softmax()(layers.Dense(2)(inputs)))
    assert output_of(model, "", from_logits=False).activation == "softmax"
    assert output_of(reader(), "", from_logits=False).activation == "sigmoid"
