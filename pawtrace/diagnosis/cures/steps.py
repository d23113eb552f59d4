"""Parts that several cures use: learning rates, epochs, augmentation, a frozen backbone."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.diagnosis.facts import Facts

Overrides = dict[str, Any]  # of `train`, as a recipe has them
FLIP = {"name": "HorizontalFlip", "arguments": {"p": 0.5}}
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
    "x = keras.layers.RandomZoom(0.15)(x)\n"
    "x = keras.layers.RandomTranslation(0.1, 0.1)(x)"
)
MIN_EPOCHS = 10  # fewer show little of what a network can learn
PLAIN_NETWORK = {"initializer": "glorot_uniform", "batch_normalization": False}
OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


class Cure(NamedTuple):
    """Something to change."""

    name: str
    words: str
    overrides: Overrides | None  # of `train`; None: no param of a recipe can do it
    keras: str  # the same change in the user's own script; empty: it is not a change of code

    @property
    def has_code(self) -> bool:
        """Whether `keras` has a line of code, not only a comment."""
        return bool(self.keras) and not self.keras.startswith("#")


def augmentation(facts: Facts) -> Iterator[Cure]:
    """Flips, turns, zooms and shifts, where the recipe has no augmentation."""
    if not facts.params.augmentation:
        yield Cure(
            "augmentation",
            "Add augmentation: flip, rotate, zoom and shift each training picture.",
            {"augmentation": [FLIP, _MOVE]},
            _AUGMENTATION_LINES,
        )


def frozen_backbone(facts: Facts) -> Iterator[Cure]:
    """Train the head alone, if the backbone trains and its original features are good and better."""
    are_good = facts.features_accuracy >= facts.thresholds.underfitting_accuracy
    if not (facts.trains_backbone and facts.features_are_better and are_good):
        return
    rate = max(working_rate(facts), 1e-4)
    yield Cure(
        "freeze",
        "Freeze the pretrained backbone and train the head alone.",
        {"phases": [{"trainable": "none", "num_epochs": 20, "learning_rate": rate}]},
        "backbone.trainable = False  # then compile again",
    )


def frozen_normalization(facts: Facts) -> Iterator[Cure]:
    """Keep the averages of pretraining, if a pretrained backbone is fine-tuned without them."""
    if not facts.is_pretrained or not facts.trains_backbone or facts.params.freeze_normalization:
        return
    yield Cure(
        "freeze_normalization",
        "Keep batch normalisation frozen while the backbone is fine-tuned.",
        {"freeze_normalization": True},
        "for layer in backbone.layers:\n"
        "    if isinstance(layer, keras.layers.BatchNormalization):\n"
        "        layer.trainable = False  # then compile again",
    )


def pretrained_lines(train: TrainParams) -> str:
    """The lines of Keras that build a published backbone with its ImageNet weights, and scale its input.

    Its own backbone if that is published, else VGG16; for images of the same size.
    """
    published, side = PUBLISHED.get(train.backbone, PUBLISHED["vgg16"]), train.image_size_px
    return (
        f"backbone = keras.applications.{published.application}(\n"
        f"    include_top=False, weights='imagenet', input_shape=({side}, {side}, 3))\n"
        "# Offline: the path of a downloaded file of weights in place of 'imagenet'.\n"
        f"{scaling_line(published.convention)}"
    )


def scaling_line(convention: str) -> str:
    """The line of Keras that gives a network its input in a convention, by name."""
    return f"x = {CONVENTIONS[convention].keras_line}  # images: RGB 0..255"


def lower_rate(facts: Facts) -> Cure:
    """A tenth of the learning rate at most."""
    rate = rounded(min(working_rate(facts), facts.highest_rate / 10))
    return rate_cure(facts, rate, f"Lower the learning rate to {rate:g}.")


def higher_rate(facts: Facts) -> Cure:
    """A learning rate at which the loss of this network falls."""
    rate = working_rate(facts)
    return rate_cure(facts, rate, f"Raise the learning rate to {rate:g}.")


def rate_cure(facts: Facts, rate: float, words: str) -> Cure:
    """Another learning rate for all phases."""
    return Cure(
        "learning_rate",
        words,
        {"learning_rate": rate, "phases": [phase_at(phase, None) for phase in facts.params.phases]},
        f"keras.optimizers.{OPTIMIZERS[facts.params.optimizer]}({rate:g})",
    )


def more_epochs(train: TrainParams, why: str = "") -> Cure:
    """Twice as many epochs in each phase, and ten in all at least."""
    times = max(2, -(-MIN_EPOCHS // num_epochs(train)))
    phases = [{**phase.model_dump(), "num_epochs": times * phase.num_epochs} for phase in train.phases]
    total = times * num_epochs(train)
    words = f"Train {total} epochs instead of {num_epochs(train)}{f': {why}' if why else ''}."
    return Cure("more_epochs", words, {"phases": phases}, f"model.fit(..., epochs={total})")


def rate_works(facts: Facts) -> bool:
    """Whether the loss falls at the recipe's rate; where it blows up is known within a factor of three."""
    rates = facts.probes.rate_range
    if rates.falls_from is None:
        return True  # nothing better is known
    return rates.falls_from <= facts.highest_rate and (
        rates.blows_up_at is None or facts.highest_rate < 3 * rates.blows_up_at
    )


def working_rate(facts: Facts) -> float:
    """A rate that should work, to one digit; the recipe's own where the loss falls at none.

    Halfway, in ratios, between where the loss falls fastest and where it blows up: the few pictures of the
    range test are learned at rates at which a whole data set hardly begins.
    """
    rates = facts.probes.rate_range
    if rates.steepest is None:
        return rounded(facts.highest_rate)
    return rounded(math.sqrt(rates.steepest * (rates.blows_up_at or 10 * rates.steepest)))


def rounded(rate: float) -> float:
    """A rate to one digit."""
    return float(f"{rate:.0e}") if rate > 0 and math.isfinite(rate) else rate


def phase_at(phase: Phase, rate: float | None) -> dict[str, Any]:
    """A phase with another learning rate; None: the recipe's."""
    return {"trainable": phase.trainable, "num_epochs": phase.num_epochs, "learning_rate": rate}


def num_epochs(train: TrainParams) -> int:
    """The epochs of all phases."""
    return sum(phase.num_epochs for phase in train.phases)
