"""Gradients are those of calculus, and taking them changes nothing."""

import keras
import numpy as np
import pytest

from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.networks.phases import set_trainable
from pawtrace.learning.probes.gradients import gradients_of
from tests.conftest import picture
from tests.learning.tiny import tiny_train

pytestmark = pytest.mark.slow

INPUTS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
TARGETS = np.arange(6, dtype=np.float32)[:, None] % 2


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def tiny_dense() -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((3,))
    x = keras.layers.Dense(4, activation="tanh")(inputs)
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))


def gradients_by_hand(model: keras.Model) -> list[np.ndarray]:
    """Of the mean binary cross-entropy of INPUTS, by the chain rule."""
    first, first_bias, second, second_bias = model.get_weights()
    hidden = np.tanh(INPUTS @ first + first_bias)
    of_logit = (sigmoid(hidden @ second + second_bias) - TARGETS) / len(INPUTS)
    of_hidden = (of_logit @ second.T) * (1 - hidden**2)
    return [INPUTS.T @ of_hidden, of_hidden.sum(0), hidden.T @ of_logit, of_logit.sum(0)]


@pytest.mark.parametrize("batch_size", [None, 6, 4, 1])
def test_gradients_are_those_by_hand_in_batches_of_any_size(batch_size: int | None) -> None:
    model = tiny_dense()
    found = gradients_of(model, INPUTS, TARGETS, keras.losses.BinaryCrossentropy(), batch_size)
    for gradient, expected in zip(found, gradients_by_hand(model), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_a_function_can_be_the_loss() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    (gradient,) = gradients_of(model, INPUTS, TARGETS, lambda target, output: target * output)
    np.testing.assert_allclose(gradient, (INPUTS * TARGETS).mean(0)[:, None], atol=1e-6)


def test_only_trainable_variables_have_gradients() -> None:
    model = tiny_dense()
    model.layers[1].trainable = False
    found = gradients_of(model, INPUTS, TARGETS, keras.losses.BinaryCrossentropy())
    assert [gradient.shape for gradient in found] == [(4, 1), (1,)]


def test_weights_averages_and_dropout_stay_as_they_were() -> None:
    keras.utils.set_random_seed(0)
    train = tiny_train(batch_normalization=True, head={"units": [64], "dropout": 0.2})
    classifier = build_classifier(train)
    set_trainable(classifier.backbone, "all")
    whole = classifier.whole
    images = np.stack([picture(seed, 32, 32) for seed in range(4)])
    before = [np.array(variable) for variable in whole.variables]
    assert len(before) > len(whole.weights)  # the seed of dropout is among them
    gradients = gradients_of(whole, images, TARGETS[:4], keras.losses.BinaryCrossentropy())
    assert [g.shape for g in gradients] == [variable.shape for variable in whole.trainable_variables]
    assert all(gradient.any() for gradient in gradients[:-4])  # of the backbone
    for variable, values in zip(whole.variables, before, strict=True):
        np.testing.assert_array_equal(variable, values)


def test_a_weight_out_of_its_bounds_is_not_pulled_back() -> None:
    """Keras applies constraints after a step, even after one that changes nothing."""
    layer = keras.layers.Dense(1, kernel_constraint="non_neg")
    model = keras.Sequential([keras.Input((3,)), layer])
    layer.kernel.assign(-np.ones((3, 1)))
    gradients_of(model, INPUTS, TARGETS, keras.losses.MeanSquaredError())
    np.testing.assert_array_equal(layer.kernel, -np.ones((3, 1)))


def test_a_model_stays_compiled_as_it_was() -> None:
    model = tiny_dense()
    model.compile(optimizer="sgd", loss="mse")
    optimizer = model.optimizer
    gradients_of(model, INPUTS, TARGETS, keras.losses.BinaryCrossentropy())
    assert model.optimizer is optimizer
