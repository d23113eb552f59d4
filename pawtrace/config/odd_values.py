"""Warnings about values of params that are allowed, but probably a mistake: one line each."""

from collections import defaultdict
from collections.abc import Iterator

from pawtrace.config.params import Params
from pawtrace.config.train_params import Phase, TrainParams

_MAX_SMOOTHING = 0.3  # beyond, little is left to learn; 0.1 is usual (Mueller et al. 2019)
_MAX_DROPOUT = 0.8
_EMA_SHARE = 0.5  # of the steps of a training, over which a moving average may reach


def odd_values(train: TrainParams, num_examples: int | None = None) -> list[str]:
    """Odd values in a recipe's params, one line each.

    Args:
      train: params of the recipe, all overrides applied.
      num_examples: number of training pictures; None if they are not counted yet.
    """
    lines = [*_about_views(train), *_about_phases(train), *_about_shares(train)]
    return lines + ([] if num_examples is None else list(_about_size(train, num_examples)))


def odd_values_by_recipe(params: Params) -> list[str]:
    """Odd values in the params of all recipes, one line each, with the names of the recipes."""
    recipes_by_line = defaultdict(list)
    for name in params.recipes:
        for line in odd_values(params.recipe(name).train):
            recipes_by_line[line].append(name)
    return [f"{', '.join(names)}: {line}" for line, names in recipes_by_line.items()]


def _about_views(train: TrainParams) -> Iterator[str]:
    if train.num_views > 1 and not train.augmentation:
        yield (
            f"train.num_views: {train.num_views} views that are all equal, because train.augmentation is "
            "empty; set num_views to 1"
        )
    frozen = [phase.num_epochs for phase in train.phases if phase.trainable == "none"]
    if train.num_views > 1 and frozen and train.num_views > max(frozen):
        yield (
            f"train.num_views: of {train.num_views} views, {train.num_views - max(frozen)} are computed and "
            f"never used, because the phase with trainable none has {max(frozen)} epochs"
        )
    if train.mixup_alpha and frozen:
        yield (
            f"train.mixup_alpha: {train.mixup_alpha:g} mixes pictures, but in phases with trainable none, "
            "which see no pictures, it mixes features"
        )


def _about_phases(train: TrainParams) -> Iterator[str]:
    if train.freeze_normalization and train.backbone == "vgg16":
        yield "train.freeze_normalization: true changes nothing, because vgg16 has no batch normalisation"
    elif train.freeze_normalization and all(phase.trainable == "none" for phase in train.phases):
        yield (
            "train.freeze_normalization: true changes nothing, because no phase trains the backbone: "
            "batch normalisation is frozen anyway"
        )
    warmup = train.schedule.warmup_epochs
    for number, phase in enumerate(train.phases):
        if phase.num_epochs < warmup:
            yield (
                f"train.phases.{number}: {phase.num_epochs} epochs end before the warm-up does "
                f"(train.schedule.warmup_epochs: {warmup:g}), so the learning rate never reaches "
                f"{_rate_of(phase, train):g}"
            )


def _rate_of(phase: Phase, train: TrainParams) -> float:
    return train.learning_rate if phase.learning_rate is None else phase.learning_rate


def _about_shares(train: TrainParams) -> Iterator[str]:
    smoothing, dropout = train.label_smoothing, train.head.dropout
    if smoothing > _MAX_SMOOTHING:
        yield (
            f"train.label_smoothing: {smoothing:g} trains towards {smoothing / 2:.3g} and "
            f"{1 - smoothing / 2:.3g} instead of 0 and 1, which leaves {1 - smoothing:.0%} of the "
            "difference between cat and dog; 0.1 is usual"
        )
    if dropout > _MAX_DROPOUT and train.head.units:
        yield f"train.head.dropout: {dropout:g} switches off {dropout:.0%} of the units; 0.5 is already high"


def _about_size(train: TrainParams, num_examples: int) -> Iterator[str]:
    if train.batch_size > num_examples:
        yield (
            f"train.batch_size: {train.batch_size:,} is more than the {num_examples:,} training pictures; "
            "each epoch is one step on all of them"
        )
    num_steps = sum(phase.num_epochs for phase in train.phases) * -(-num_examples // train.batch_size)
    reach = 1 / (1 - train.ema_momentum)  # steps
    if train.ema_momentum and reach > _EMA_SHARE * num_steps:
        yield (
            f"train.ema_momentum: {train.ema_momentum:g} averages over about {reach:,.0f} steps, but the "
            f"training has at most {num_steps:,}, so much of the untrained weights stays in the average"
        )
