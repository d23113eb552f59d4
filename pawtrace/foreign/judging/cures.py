"""What to change in the user's script: the cures of a recipe, and cures for such models only."""

from collections.abc import Iterator

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.cures.steps import Cure, pretrained_line
from pawtrace.diagnosis.cures.table import cures_of
from pawtrace.diagnosis.finding import Finding
from pawtrace.foreign.judging.facts import ForeignFacts

# Words for a script, where a recipe's cure names params.
_WORDS = {
    "group_duplicates": "Remove the copies from the training photos, or test on other photos.",
    "class_weights": "Give both labels the same weight in the loss.",
    "pretrained": "Start from pretrained weights, with the input scaling that they expect.",
    "pictures": "Look at the photos: all of them are blank.",
}
_RATE = 1e-3  # at which a new head learns


def cures_for(verdict: str, finding: Finding, facts: ForeignFacts) -> list[Cure]:
    """The cures of a verdict, the likeliest first."""
    own = list(_own_cures(verdict, finding, facts))
    shared = [] if own else cures_of(verdict, finding, facts)
    return [cure._replace(words=_WORDS.get(cure.name, cure.words)) for cure in [*own, *shared]]


def _own_cures(verdict: str, finding: Finding, facts: ForeignFacts) -> Iterator[Cure]:
    if finding.cause == "softmax_over_one_unit":
        yield Cure(
            "sigmoid",
            "Use a sigmoid on the last layer, and train again.",
            None,
            "keras.layers.Dense(1, activation='sigmoid')  # with loss='binary_crossentropy'",
        )
    elif finding.cause == "twice":
        yield Cure(
            "scale_once",
            "Scale only once: give the model unscaled photos, or remove its scaling layer; then train again.",
            None,
            "x = images  # RGB 0..255; keras.layers.Rescaling in the model does the rest",
        )
    elif verdict == "input_scaling":
        yield _scaling(finding, facts)
    elif verdict == "stalled":
        yield Cure(
            "learning_rate",
            f"Raise the learning rate to {_RATE:g} for a new head, to 1e-5 for pretrained layers.",
            None,
            f"model.compile(keras.optimizers.Adam({_RATE:g}), ...); model.fit(...)",
        )
    elif finding.cause == "frozen_random" or (verdict == "dead" and facts.linear_probe is None):
        family = facts.params.backbone
        yield Cure("pretrained", "", None, pretrained_line(family))
        yield Cure(
            "unfreeze",
            "Or train all layers, with He initialisation and batch normalisation.",
            None,
            "keras.layers.Conv2D(\n"
            "    filters, 3, padding='same', use_bias=False, kernel_initializer='he_normal')\n"
            "keras.layers.BatchNormalization(momentum=0.9)  # after every convolution, before its ReLU",
        )


def _scaling(finding: Finding, facts: ForeignFacts) -> Cure:
    convention, received = CONVENTIONS[finding.cause], facts.measured.received
    is_fed = facts.measured.feeding.convention == finding.cause  # the arrays alone are wrong
    then = "" if is_fed else ", in training and prediction; then train the head again"
    instead = f", instead of {CONVENTIONS[received].keras_line}" if received and not is_fed else ""
    return Cure(
        "input_scaling",
        f"Give the model {convention.words}{then}.",
        None,
        f"x = {convention.keras_line}  # images: RGB 0..255{instead}",
    )
