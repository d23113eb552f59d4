"""The optimizer of a phase: Adam with a schedule, layer-wise learning rates and averaged weights."""

from collections.abc import Sequence

import keras

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.learning.networks.phases import learning_rate_of


class LayerwiseAdam(keras.optimizers.Adam):  # type: ignore[misc]  # Keras has no types
    """Adam with a factor on the learning rate of each variable."""

    def __init__(self, factors: Sequence[float], **settings: object) -> None:
        """Take a factor for each variable, in the order in which the optimizer is built on them."""
        super().__init__(**settings)
        self._factors = factors

    def update_step(self, gradient, variable, learning_rate) -> None:  # type: ignore[no-untyped-def]
        """As Adam's, with the variable's own learning rate."""
        factor = self._factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)


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
        return keras.optimizers.Adam(**settings)
    return LayerwiseAdam(layerwise_factors(model, backbone, train.layerwise_decay), **settings)


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
