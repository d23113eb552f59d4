"""The optimizer of a phase, with a schedule, layer-wise learning rates and averaged weights."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.learning.networks.phases import learning_rate_of

_OPTIMIZERS = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW, "sgd": keras.optimizers.SGD}


class State(NamedTuple):
    """What a step changes."""

    weights: list[np.ndarray]  # the trainable ones
    momenta: list[np.ndarray]


class _Layerwise:
    """Puts a factor on the learning rate of each variable."""

    factors: Sequence[float]  # in the order in which the optimizer is built on the variables

    def update_step(self, gradient, variable, learning_rate) -> None:  # type: ignore[no-untyped-def]
        """As the optimizer's own, with the variable's own learning rate."""
        factor = self.factors[self._get_variable_index(variable)]  # type: ignore[attr-defined]
        super().update_step(gradient, variable, learning_rate * factor)  # type: ignore[misc]


def build_optimizer(
    train: TrainParams, phase: Phase, model: keras.Model, backbone: keras.Model, steps_per_epoch: int
) -> keras.optimizers.Optimizer:
    """Build the optimizer of a phase.

    Args:
      train: of the recipe.
      phase: whose learning rate the schedule starts from.
      model: what is trained; its trainable variables are final.
      backbone: its layers' depth decides their share of the learning rate.
      steps_per_epoch: batches an epoch.
    """
    settings = {"learning_rate": learning_rate(train, phase, steps_per_epoch)}
    if train.ema_momentum:
        settings |= {"use_ema": True, "ema_momentum": train.ema_momentum}
    if train.layerwise_decay == 1:
        return plain_optimizer(train, **settings)
    kind = type("LayerwiseOptimizer", (_Layerwise, _OPTIMIZERS[train.optimizer]), {})
    optimizer = kind(**_own_settings(train), **settings)
    optimizer.factors = layerwise_factors(model, backbone, train.layerwise_decay)
    return optimizer


def plain_optimizer(train: TrainParams, **settings: Any) -> keras.optimizers.Optimizer:
    """A recipe's optimizer: one learning rate for all layers, no schedule of its own."""
    return _OPTIMIZERS[train.optimizer](**_own_settings(train), **settings)


def momenta_of(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """What an optimizer remembers of earlier gradients: a variable for each trainable one, or none."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # with float16, it is wrapped
    momenta: list[keras.Variable] = getattr(optimizer, "_momentums", None) or getattr(
        optimizer, "momentums", []
    )
    return momenta


def gradients_of_step(
    optimizer: keras.optimizers.Optimizer, before: State, after: State, rate: float
) -> list[np.ndarray]:
    """The gradients that a step has used, read off from what it changed: nothing is computed again.

    Args:
      optimizer: that took the step.
      before: the trainable weights and the optimizer's momenta.
      after: the same after the step.
      rate: the learning rate of the step.
    Returns:
      An array for each trainable variable.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if hasattr(optimizer, "beta_1"):  # Adam: new = old + (1 - beta_1) (gradient - old)
        share = 1 - optimizer.beta_1
        return [old + (new - old) / share for old, new in zip(before.momenta, after.momenta, strict=True)]
    factors = getattr(optimizer, "factors", [1.0] * len(before.weights))
    if before.momenta:  # SGD: new = momentum * old - rate * gradient
        pairs = zip(before.momenta, after.momenta, factors, strict=True)
        return [(optimizer.momentum * old - new) / (rate * factor) for old, new, factor in pairs]
    pairs = zip(before.weights, after.weights, factors, strict=True)
    return [(old - new) / (rate * factor) for old, new, factor in pairs]


def _own_settings(train: TrainParams) -> dict[str, float]:
    if train.optimizer == "sgd":
        return {"momentum": train.momentum}
    return {"weight_decay": train.weight_decay} if train.optimizer == "adamw" else {}


def layerwise_factors(model: keras.Model, backbone: keras.Model, decay: float) -> list[float]:
    """The share of the learning rate that each trainable variable gets.

    The head gets all of it, the backbone's first layer with weights `decay` of it, those in between
    geometrically more with their depth. Source: Howard & Ruder 2018 (ULMFiT's discriminative
    fine-tuning), with the whole ratio given instead of that of two neighbours.

    Returns:
      A factor for each of `model.trainable_variables`.
    """
    layers = [layer for layer in backbone.layers if layer.weights]
    depth_of = {
        id(variable): depth for depth, layer in enumerate(layers) for variable in layer.trainable_variables
    }
    steps_from_top = [len(layers) - depth_of.get(id(v), len(layers)) for v in model.trainable_variables]
    return [decay ** (steps / max(1, len(layers))) for steps in steps_from_top]


def learning_rate(
    train: TrainParams, phase: Phase, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate of a phase: a number, or a function of the phase's steps."""
    peak, schedule = learning_rate_of(phase, train), train.schedule
    warmup_steps = round(schedule.warmup_epochs * steps_per_epoch)
    if schedule.decay == "none" and warmup_steps == 0:
        return peak
    total_steps = phase.num_epochs * steps_per_epoch
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else peak,
        decay_steps=max(1, total_steps - warmup_steps),
        alpha=0.0 if schedule.decay == "cosine" else 1.0,  # where it ends, as a share of the peak
        warmup_target=peak if warmup_steps else None,
        warmup_steps=warmup_steps,
    )
