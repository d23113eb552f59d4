"""The learning rate of each step and each layer is what params say."""

from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.config.train_params import Phase
from pawtrace.learning.optimizer import (
    State,
    build_optimizer,
    gradients_of_step,
    layerwise_factors,
    momenta_of,
)
from tests.learning.tiny import tiny_train

PHASE = Phase(trainable="all", num_epochs=4, learning_rate=0.01)


def chain() -> tuple[keras.Model, keras.Model]:
    """A backbone of three layers with weights and one without, and the model with a head on it."""
    inputs = keras.Input((2,))
    x = inputs
    for number in range(3):
        x = keras.layers.Dense(2, use_bias=False, name=f"layer{number}")(x)
    backbone = keras.Model(inputs, keras.layers.ReLU()(x))
    return backbone, keras.Model(inputs, keras.layers.Dense(1, name="head")(backbone(inputs)))


def rates(steps: int = 41, **schedule: Any) -> list[float]:
    backbone, model = chain()
    optimizer = build_optimizer(tiny_train(schedule=schedule), PHASE, model, backbone, steps_per_epoch=10)
    optimizer.build(model.trainable_variables)
    found = []
    for _ in range(steps):
        found.append(float(optimizer.learning_rate))
        optimizer.iterations.assign_add(1)
    return found


def test_without_a_schedule_the_rate_stays() -> None:
    assert rates(warmup_epochs=0.0, decay="none") == pytest.approx([0.01] * 41)


def test_warm_up_rises_evenly_and_then_stays() -> None:
    found = rates(warmup_epochs=1.0, decay="none")
    np.testing.assert_allclose(found[:11], np.linspace(0, 0.01, 11), rtol=1e-5, atol=1e-9)
    assert found[11:] == pytest.approx([0.01] * 30)


def test_cosine_falls_to_nothing_at_the_last_step() -> None:
    found = rates(warmup_epochs=0.0, decay="cosine")
    np.testing.assert_allclose(found, 0.005 * (1 + np.cos(np.pi * np.arange(41) / 40)), atol=1e-8)


def test_warm_up_and_cosine_share_the_phase() -> None:
    found = rates(warmup_epochs=1.0, decay="cosine")
    assert found[0] == 0
    assert max(found) == pytest.approx(0.01) == found[10]
    assert found[40] == pytest.approx(0, abs=1e-8)


def test_layers_learn_faster_the_nearer_they_are_to_the_head() -> None:
    backbone, model = chain()
    factors = layerwise_factors(model, backbone, 0.125)
    assert factors == pytest.approx([0.125, 0.25, 0.5, 1, 1])  # two for the head: kernel and bias


def test_the_first_step_of_each_layer_is_its_share_of_the_rate() -> None:
    backbone, model = chain()
    optimizer = build_optimizer(tiny_train(layerwise_decay=0.125), PHASE, model, backbone, 10)
    model.compile(optimizer=optimizer, loss="mse", jit_compile=False)
    for variable in model.trainable_variables:
        variable.assign(np.full(variable.shape, 0.5))
    before = [np.array(v) for v in model.trainable_variables]
    model.train_on_batch(np.ones((1, 2)), np.zeros((1, 1)))
    moved = [np.abs(np.array(v) - b).mean() for v, b in zip(model.trainable_variables, before, strict=True)]
    # Adam's first step has the size of the learning rate, whatever the gradient.
    assert moved == pytest.approx([0.01 * f for f in (0.125, 0.25, 0.5, 1, 1)], rel=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adam"},
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"optimizer": "sgd", "momentum": 0.0},
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "sgd", "momentum": 0.9, "layerwise_decay": 0.5},
        {"optimizer": "adam", "layerwise_decay": 0.5},
    ],
)
def test_what_a_step_changed_tells_its_gradients(settings: dict[str, Any]) -> None:
    """Of the second step, in which the optimizer remembers the first one."""
    backbone, model = chain()
    optimizer = build_optimizer(tiny_train(**settings), PHASE, model, backbone, 10)
    optimizer.build(model.trainable_variables)
    random = np.random.default_rng(0)
    shapes = [variable.shape for variable in model.trainable_variables]
    steps = [[random.normal(size=shape).astype(np.float32) for shape in shapes] for _ in range(2)]

    def state() -> State:
        variables = (model.trainable_variables, momenta_of(optimizer))
        return State(*([np.array(v) for v in of] for of in variables))

    optimizer.apply([keras.ops.convert_to_tensor(each) for each in steps[0]])
    before = state()
    optimizer.apply([keras.ops.convert_to_tensor(each) for each in steps[1]])
    found = gradients_of_step(optimizer, before, state(), 0.01)
    for gradient, used in zip(found, steps[1], strict=True):
        np.testing.assert_allclose(gradient, used, rtol=1e-3, atol=1e-4)


def test_weight_decay_of_adamw_shrinks_weights_without_a_gradient() -> None:
    backbone, model = chain()
    optimizer = build_optimizer(tiny_train(optimizer="adamw", weight_decay=0.5), PHASE, model, backbone, 10)
    optimizer.build(model.trainable_variables)
    before = [np.array(v) for v in model.trainable_variables]
    optimizer.apply([keras.ops.zeros(v.shape) for v in model.trainable_variables])
    for old, variable in zip(before, model.trainable_variables, strict=True):
        np.testing.assert_allclose(np.array(variable), old * (1 - 0.5 * 0.01), rtol=1e-5)
