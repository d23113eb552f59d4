"""Cures: for each verdict and cause what to change, as an edit of params and as lines of Keras.

Arrives: facts and the finding. Leaves: the cures that the recipe does not follow already, the likeliest
first.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding

Overrides = dict[str, Any]  # of `train`, as a recipe has them
_FLIP = {"name": "HorizontalFlip", "arguments": {"p": 0.5}}
_MOVE = {
    "name": "Affine",
    "arguments": {
        "rotate": [-15, 15],
        "scale": [0.85, 1.15],
        "translate_percent": [-0.1, 0.1],
        "border_mode": 1,
        "p": 1.0,
    },
}
_AUGMENTATION_LINES = (
    "x = keras.layers.RandomFlip('horizontal')(images)\n"
    "x = keras.layers.RandomRotation(0.04)(x)\n"
    "x = keras.layers.RandomZoom(0.15)(x)"
)


class Cure(NamedTuple):
    """Something to change."""

    name: str
    words: str
    overrides: Overrides | None  # of `train`; None: nothing that a recipe could change
    keras: str  # the same in a script of one's own


def cures_of(verdict: str, finding: Finding, facts: Facts) -> list[Cure]:
    """The cures of a verdict that the recipe does not follow already, the likeliest first."""
    return list(_CURES.get(verdict, _nothing)(finding, facts))


def _nothing(_finding: Finding, _facts: Facts) -> Iterator[Cure]:
    yield from ()


def _leaking(_finding: Finding, _facts: Facts) -> Iterator[Cure]:
    yield Cure(
        "group_duplicates",
        "Raise split.near_duplicate_distance to probe.overlap_distance or more: pictures that look the same, "
        "or mirrored, then share a split.",
        None,
        "# put copies of a picture into the same split; test on pictures that training has not seen",
    )


def _unstable(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    yield _rate_cure(facts, "Lower the learning rate")
    schedule = facts.params.schedule
    if schedule.warmup_epochs == 0:
        yield Cure(
            "warmup",
            "Raise the learning rate from 0 during the first epoch.",
            {"schedule": {"warmup_epochs": 1.0}},
            "keras.optimizers.schedules.CosineDecay(\n"
            "    0.0, num_steps, warmup_target=rate, warmup_steps=steps_an_epoch)",
        )


def _blank_inputs(finding: Finding, facts: Facts) -> Iterator[Cure]:
    if finding.cause == "data" or not facts.params.augmentation:
        yield Cure(
            "pictures", "Look at the pictures in data/raw: they show nothing.", None, "plt.imshow(images[0])"
        )
        return
    yield Cure(
        "plain_pictures",
        "Drop the augmentation, then add its transforms again one by one and look at preview.jpg.",
        {"augmentation": [], "num_views": 1},
        "# train on the pictures as they are; plt.imshow(augment(images)[0]) shows what training sees",
    )


def _input_scaling(finding: Finding, facts: Facts) -> Iterator[Cure]:
    transfer = facts.transfer
    assert transfer is not None
    own = "backbone" if finding.cause == _own_convention(facts.params) else finding.cause
    yield Cure(
        "input_scaling",
        f"Set train.input_scaling to {own}: the backbone then gets {CONVENTIONS[finding.cause].words}.",
        {"input_scaling": own},
        f"x = {CONVENTIONS[finding.cause].keras_line}  # images: RGB 0..255",
    )


def _own_convention(train: TrainParams) -> str:
    from pawtrace.config.imagenet import PUBLISHED

    return PUBLISHED[train.backbone].convention if train.backbone in PUBLISHED else "zero_to_255"


def _dead(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    train = facts.params
    is_random = facts.transfer is None
    if (
        is_random
        and train.backbone == "vgg16"
        and not (train.batch_normalization and train.initializer == "he_normal" and facts.trains_backbone)
    ):
        yield Cure(
            "normalize",
            "Keep the signal alive: He initialisation and batch normalisation, and train all layers.",
            {
                "initializer": "he_normal",
                "batch_normalization": True,
                "learning_rate": 0.001,
                "phases": [{"trainable": "all", "num_epochs": max(7, _num_epochs(train) // 4)}],
            },
            "keras.layers.Conv2D(\n"
            "    filters, 3, padding='same', use_bias=False, kernel_initializer='he_normal')\n"
            "keras.layers.BatchNormalization(momentum=0.9)  # after every convolution, before its ReLU",
        )
    if is_random and train.weights is None:
        yield Cure(
            "pretrained",
            "Start from pretrained weights: train.weights: imagenet, with train.input_scaling: backbone.",
            {"weights": "imagenet", "input_scaling": "backbone", **_PLAIN_NETWORK}
            if train.backbone in ("vgg16", "mobilenet_v2", "efficientnet_b0")
            else None,
            "keras.applications.VGG16(include_top=False, weights='imagenet')",
        )
    yield _rate_cure(facts, "Lower the learning rate")


_PLAIN_NETWORK = {"initializer": "glorot_uniform", "batch_normalization": False}


def _stalled(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    yield _rate_cure(facts, "Raise the learning rate")


def _normalization_lag(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    train = facts.params
    momentum = train.normalization_momentum
    if momentum is None or momentum > 0.9:
        yield Cure(
            "momentum",
            "Let batch normalisation's moving averages follow sooner: a momentum of 0.9.",
            {"normalization_momentum": 0.9},
            "for layer in model.layers:\n"
            "    if isinstance(layer, keras.layers.BatchNormalization):\n"
            "        layer.momentum = 0.9",
        )
    elif momentum > 0.5:
        yield Cure(
            "momentum",
            "Let batch normalisation's moving averages follow sooner still: a momentum of 0.5.",
            {"normalization_momentum": 0.5},
            "layer.momentum = 0.5  # of every keras.layers.BatchNormalization",
        )
    yield _more_epochs(train, "Train longer: the averages catch up after some hundred steps.")


def _too_few(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    yield from _frozen_backbone(facts)
    if facts.transfer is None and facts.params.backbone in ("vgg16", "mobilenet_v2", "efficientnet_b0"):
        yield Cure(
            "pretrained",
            "Start from pretrained weights and train the head alone; or collect more pictures.",
            {
                "weights": "imagenet",
                "input_scaling": "backbone",
                "phases": [{"trainable": "none", "num_epochs": 20}],
                "head": {"pooling": "average"},
                **_PLAIN_NETWORK,
            },
            "backbone = keras.applications.VGG16(include_top=False, weights='imagenet')\n"
            "backbone.trainable = False",
        )
    yield from _augmentation(facts)
    yield Cure("more_pictures", "Collect more pictures.", None, "# more pictures")


def _imbalance(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    if facts.params.class_weights == "none":
        yield Cure(
            "class_weights",
            "Let both labels weigh the same in the loss: train.class_weights: balanced.",
            {"class_weights": "balanced"},
            "model.fit(..., class_weight={0: n / (2 * num_cats), 1: n / (2 * num_dogs)})",
        )
    yield Cure(
        "more_pictures", "Collect more pictures of the rarer label.", None, "# more of the rarer label"
    )


def _label_noise(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    yield Cure(
        "correct_labels",
        "Look at the suspects and correct the labels that are wrong.",
        None,
        "cleanlab.filter.find_label_issues(labels, out_of_fold_probabilities)",
    )
    if facts.params.label_smoothing == 0:
        yield Cure(
            "label_smoothing",
            "Until then do not ask for certainty: label smoothing 0.1.",
            {"label_smoothing": 0.1},
            "keras.losses.BinaryCrossentropy(label_smoothing=0.1)",
        )


def _forgetting(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    train = facts.params
    last = train.phases[-1]
    rate = last.learning_rate or train.learning_rate
    head_rate, low = _working_rate(facts), _rounded(min(rate / 10, 1e-4))
    if not facts.head_comes_first:
        phases = [
            {
                "trainable": "none",
                "num_epochs": max(5, _num_epochs(train)),
                "learning_rate": max(head_rate, 1e-4),
            },
            {"trainable": last.trainable, "num_epochs": last.num_epochs, "learning_rate": low},
        ]
        yield Cure(
            "head_first",
            f"Train the head first with the backbone frozen, then the rest at {low:g}.",
            {"phases": phases},
            "backbone.trainable = False; model.compile(...); model.fit(...)\n"
            f"backbone.trainable = True; model.compile(keras.optimizers.Adam({low:g}), ...); model.fit(...)",
        )
    yield from _frozen_backbone(facts)
    yield Cure(
        "lower_rate",
        f"Lower the learning rate to {low:g}.",
        {"learning_rate": low, "phases": [_phase(phase, low) for phase in train.phases]},
        f"keras.optimizers.Adam({low:g})",
    )


def _overfitting(finding: Finding, facts: Facts) -> Iterator[Cure]:
    train = facts.params
    cures: dict[str, Cure] = {}
    if train.head.pooling == "flatten":
        cures["large_head"] = Cure(
            "average_pooling",
            "Average the feature map instead of flattening it: the head then has far fewer weights.",
            {"head": {"pooling": "average"}},
            "x = keras.layers.GlobalAveragePooling2D()(feature_map)  # instead of Flatten()",
        )
    for cure in _augmentation(facts):
        cures["no_augmentation"] = cure
    order = [finding.cause, "large_head", "no_augmentation"]
    yield from (cures[name] for name in dict.fromkeys(order) if name in cures)
    if train.head.dropout == 0 and train.head.units:
        yield Cure(
            "dropout",
            "Switch off half of the head's units in each step: dropout 0.5.",
            {"head": {"dropout": 0.5}},
            "x = keras.layers.Dropout(0.5)(x)",
        )
    yield from _frozen_backbone(facts)
    yield Cure("more_pictures", "Collect more pictures.", None, "# more pictures")


def _undertrained(finding: Finding, facts: Facts) -> Iterator[Cure]:
    longer = _more_epochs(facts.params, "Give it twice as many epochs.")
    if finding.cause == "rate":
        yield _rate_cure(facts, "Raise the learning rate")
    yield longer


def _underfitting(finding: Finding, facts: Facts) -> Iterator[Cure]:
    train = facts.params
    if finding.cause == "penalty" or train.head.l1 or train.head.l2:
        yield Cure(
            "no_penalty",
            "Drop the penalties on the head's weights.",
            {"head": {"l1": 0.0, "l2": 0.0}},
            "keras.layers.Dense(units)  # without kernel_regularizer",
        )
    if finding.cause == "augmentation":
        yield Cure(
            "weaker_augmentation",
            "Augment less: flips alone.",
            {"augmentation": [_FLIP]},
            "x = keras.layers.RandomFlip('horizontal')(images)",
        )
    if train.head.dropout > 0.5:
        yield Cure(
            "less_dropout", "Drop fewer units.", {"head": {"dropout": 0.2}}, "keras.layers.Dropout(0.2)"
        )
    if not facts.trains_backbone:
        head, rate = train.phases[0], _rounded(min(_working_rate(facts) / 10, 1e-4))
        yield Cure(
            "unfreeze",
            f"Train the backbone, too, after the head, at {rate:g}.",
            {"phases": [head.model_dump(), {"trainable": "all", "num_epochs": 5, "learning_rate": rate}]},
            f"backbone.trainable = True; model.compile(keras.optimizers.Adam({rate:g}), ...); model.fit(...)",
        )
    elif facts.params.learning_rate != _working_rate(facts):
        yield _rate_cure(facts, "Try the learning rate at which the loss falls fastest")
    yield _more_epochs(train, "Give it twice as many epochs.")


def _augmentation(facts: Facts) -> Iterator[Cure]:
    if not facts.params.augmentation:
        yield Cure(
            "augmentation",
            "Augment: flip, turn, zoom and shift each training picture.",
            {"augmentation": [_FLIP, _MOVE]},
            _AUGMENTATION_LINES,
        )


def _frozen_backbone(facts: Facts) -> Iterator[Cure]:
    if facts.transfer is None or not facts.trains_backbone:
        return
    rate = max(_working_rate(facts), 1e-4)
    yield Cure(
        "freeze",
        "Freeze the pretrained backbone and train the head alone.",
        {"phases": [{"trainable": "none", "num_epochs": 20, "learning_rate": rate}]},
        "backbone.trainable = False  # then compile again",
    )


def _rate_cure(facts: Facts, words: str) -> Cure:
    rate = _working_rate(facts)
    if words.startswith("Lower"):
        rate = _rounded(min(rate, facts.highest_rate / 10))
    return Cure(
        "learning_rate",
        f"{words} to {rate:g}.",
        {"learning_rate": rate, "phases": [_phase(phase, None) for phase in facts.params.phases]},
        f"keras.optimizers.{_OPTIMIZERS[facts.params.optimizer]}({rate:g})",
    )


_OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


def _working_rate(facts: Facts) -> float:
    """The rate at which the loss falls fastest, to one digit; the recipe's own where it falls at none."""
    steepest = facts.probes.rate_range.steepest
    return _rounded(steepest if steepest is not None else facts.highest_rate)


def _rounded(rate: float) -> float:
    """A rate to one digit."""
    return float(f"{rate:.0e}") if rate > 0 and math.isfinite(rate) else rate


def _phase(phase: Phase, rate: float | None) -> dict[str, Any]:
    return {"trainable": phase.trainable, "num_epochs": phase.num_epochs, "learning_rate": rate}


def _more_epochs(train: TrainParams, words: str) -> Cure:
    phases = [{**phase.model_dump(), "num_epochs": 2 * phase.num_epochs} for phase in train.phases]
    return Cure("more_epochs", words, {"phases": phases}, f"model.fit(..., epochs={2 * _num_epochs(train)})")


def _num_epochs(train: TrainParams) -> int:
    return sum(phase.num_epochs for phase in train.phases)


_CURES: dict[str, Callable[[Finding, Facts], Iterator[Cure]]] = {
    "leaking": _leaking,
    "unstable": _unstable,
    "blank_inputs": _blank_inputs,
    "input_scaling": _input_scaling,
    "dead": _dead,
    "stalled": _stalled,
    "normalization_lag": _normalization_lag,
    "too_few": _too_few,
    "imbalance": _imbalance,
    "label_noise": _label_noise,
    "forgetting": _forgetting,
    "overfitting": _overfitting,
    "undertrained": _undertrained,
    "underfitting": _underfitting,
}
