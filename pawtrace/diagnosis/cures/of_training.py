"""Cures that change the training."""

from collections.abc import Iterator

from pawtrace.config.train_params import BACKBONES
from pawtrace.diagnosis.cures.steps import (
    FLIP,
    PLAIN_NETWORK,
    Cure,
    augmentation,
    frozen_backbone,
    frozen_normalization,
    higher_rate,
    lower_rate,
    more_epochs,
    num_epochs,
    phase_at,
    pretrained_lines,
    rate_cure,
    rate_works,
    rounded,
    working_rate,
)
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding


def unstable(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    """A lower rate, or a slow start."""
    yield lower_rate(facts)
    schedule = facts.params.schedule
    if schedule.warmup_epochs == 0:
        yield Cure(
            "warmup",
            "Raise the learning rate from 0 during the first epoch.",
            {"schedule": {"warmup_epochs": 1.0}},
            "keras.optimizers.schedules.CosineDecay(\n"
            "    0.0, num_steps, warmup_target=rate, warmup_steps=steps_per_epoch)",
        )


def dead(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    """A signal that gets through, or pretrained weights."""
    train = facts.params
    is_random = facts.linear_probe is None
    if (
        is_random
        and train.backbone == "vgg16"
        and not (train.batch_normalization and train.initializer == "he_normal" and facts.trains_backbone)
    ):
        yield Cure(
            "normalize",
            "Use He initialisation and batch normalisation, and train all layers.",
            {
                "initializer": "he_normal",
                "batch_normalization": True,
                "learning_rate": 0.001,
                "phases": [{"trainable": "all", "num_epochs": max(7, num_epochs(train) // 4)}],
            },
            "keras.layers.Conv2D(\n"
            "    filters, 3, padding='same', use_bias=False, kernel_initializer='he_normal')\n"
            "keras.layers.BatchNormalization(momentum=0.9)  # after every convolution, before its ReLU",
        )
    if is_random and train.weights is None:
        yield Cure(
            "pretrained",
            "Start from pretrained weights: train.weights: imagenet, with train.input_scaling: backbone.",
            {"weights": "imagenet", "input_scaling": "backbone", **PLAIN_NETWORK}
            if train.backbone in BACKBONES
            else None,
            pretrained_lines(train),
        )
    falls_from = facts.probes.rate_range.falls_from
    if not is_random and (facts.dying_signal is not None or falls_from is None):
        yield Cure(
            "weights",
            "Use other weights: with the backbone's own, the loss does not fall at any learning rate."
            if falls_from is None
            else "Use other weights: those in the backbone's file are so small that the signal dies.",
            None,
            "keras.layers.Conv2D(filters, 3, padding='same', kernel_initializer='he_normal')",
        )
        return
    is_low = falls_from is not None and facts.highest_rate < falls_from
    yield higher_rate(facts) if is_low else lower_rate(facts)


def stalled(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    """A higher rate."""
    yield higher_rate(facts)


def _momentum_lines(momentum: float) -> str:
    return (
        "backbones = [layer for layer in model.layers if isinstance(layer, keras.Model)]\n"
        "for part in [model, *backbones]:\n"
        "    for layer in part.layers:\n"
        "        if isinstance(layer, keras.layers.BatchNormalization):\n"
        f"            layer.momentum = {momentum}  # then compile and train again"
    )


def normalization_lag(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    """The averages of pretraining, or averages that follow sooner."""
    train = facts.params
    yield from frozen_normalization(facts)
    momentum = train.normalization_momentum
    if momentum is None or momentum > 0.9:
        yield Cure(
            "momentum",
            "Set batch normalisation's momentum to 0.9: its moving averages then catch up sooner.",
            {"normalization_momentum": 0.9},
            _momentum_lines(0.9),
        )
    elif momentum > 0.5:
        yield Cure(
            "momentum",
            "Set batch normalisation's momentum to 0.5: its moving averages then catch up sooner still.",
            {"normalization_momentum": 0.5},
            _momentum_lines(0.5),
        )
    yield more_epochs(train, "the moving averages catch up after some hundred steps")


def forgetting(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    """The head first, a frozen backbone, a lower rate."""
    train = facts.params
    last = train.phases[-1]
    rate = last.learning_rate or train.learning_rate
    head_rate, low = working_rate(facts), rounded(min(rate / 10, 1e-4))
    if not facts.head_comes_first:
        phases = [
            {
                "trainable": "none",
                "num_epochs": max(5, num_epochs(train)),
                "learning_rate": max(head_rate, 1e-4),
            },
            {"trainable": last.trainable, "num_epochs": last.num_epochs, "learning_rate": low},
        ]
        yield Cure(
            "head_first",
            f"Train the head first with the backbone frozen, then the rest at a learning rate of {low:g}.",
            {"phases": phases},
            "backbone.trainable = False; model.compile(...); model.fit(...)\n"
            f"backbone.trainable = True; model.compile(keras.optimizers.Adam({low:g}), ...); model.fit(...)",
        )
    if train.backbone in BACKBONES and train.backbone != "vgg16":  # which has no batch normalisation
        yield from frozen_normalization(facts)
    yield from frozen_backbone(facts)
    yield Cure(
        "lower_rate",
        f"Lower the learning rate to {low:g}.",
        {"learning_rate": low, "phases": [phase_at(phase, low) for phase in train.phases]},
        f"keras.optimizers.Adam({low:g})",
    )


def overfitting(finding: Finding, facts: Facts) -> Iterator[Cure]:
    """By cause: a smaller head, augmentation, dropout, a frozen backbone, more pictures."""
    train = facts.params
    cures: dict[str, Cure] = {}
    if train.head.pooling == "flatten":
        cures["large_head"] = Cure(
            "average_pooling",
            "Average the feature map instead of flattening it: the head then has far fewer weights.",
            {"head": {"pooling": "average"}},
            "x = keras.layers.GlobalAveragePooling2D()(feature_map)  # instead of Flatten()",
        )
    for cure in augmentation(facts):
        cures["no_augmentation"] = cure
    cures["few_pictures"] = Cure("more_pictures", "Collect more pictures.", None, "")
    order = [finding.cause, "large_head", "no_augmentation"]
    yield from (cures.pop(name) for name in order if name in cures)
    if train.head.dropout == 0:
        yield Cure(
            "dropout",
            "Use a dropout of 0.5 in the head.",
            {"head": {"dropout": 0.5}},
            "x = keras.layers.Dropout(0.5)(x)",
        )
    yield from frozen_backbone(facts)
    yield from cures.values()  # more pictures, unless that came first


def undertrained(finding: Finding, facts: Facts) -> Iterator[Cure]:
    """More epochs, or a higher rate."""
    if finding.cause == "rate":
        yield higher_rate(facts)
    yield more_epochs(facts.params)


def underfitting(finding: Finding, facts: Facts) -> Iterator[Cure]:
    """By cause: less regularisation, more that trains."""
    train = facts.params
    if finding.cause == "penalty" or train.head.l1 or train.head.l2:
        yield Cure(
            "no_penalty",
            "Remove the L1 and L2 penalties on the head's weights.",
            {"head": {"l1": 0.0, "l2": 0.0}},
            "keras.layers.Dense(units)  # without kernel_regularizer",
        )
    if finding.cause == "augmentation":
        yield Cure(
            "weaker_augmentation",
            "Use a weaker augmentation: horizontal flips only.",
            {"augmentation": [FLIP]},
            "x = keras.layers.RandomFlip('horizontal')(images)",
        )
    if train.head.dropout > 0.5:
        yield Cure(
            "less_dropout",
            "Lower the dropout to 0.2.",
            {"head": {"dropout": 0.2}},
            "keras.layers.Dropout(0.2)",
        )
    if not facts.trains_backbone:
        head, rate = train.phases[0], rounded(min(working_rate(facts) / 10, 1e-4))
        yield Cure(
            "unfreeze",
            f"After the head is trained, train the backbone too, at a learning rate of {rate:g}.",
            {"phases": [head.model_dump(), {"trainable": "all", "num_epochs": 5, "learning_rate": rate}]},
            f"backbone.trainable = True; model.compile(keras.optimizers.Adam({rate:g}), ...); model.fit(...)",
        )
    else:
        yield Cure(
            "larger_network",
            "Use a larger network: this one is not good on its own training pictures.",
            None,
            "keras.layers.Conv2D(4 * filters, 3, padding='same')  # or a pretrained backbone",
        )
    if facts.trains_backbone and not rate_works(facts):
        rate = working_rate(facts)
        words = f"Change the learning rate to {rate:g}, at which the loss of this network falls fast."
        yield rate_cure(facts, rate, words)
    yield more_epochs(train)
