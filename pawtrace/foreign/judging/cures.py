"""What to change in the user's script: the cures of a recipe, and cures for such models only."""

from collections.abc import Iterator

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.cures.steps import Cure, pretrained_lines, rounded, scaling_line
from pawtrace.diagnosis.cures.table import cures_of
from pawtrace.diagnosis.finding import Finding, applying
from pawtrace.foreign.judging import dead, input_scaling
from pawtrace.foreign.judging.cures_of_dead import cures_of_dead, from_random, look, new_head, scaled_inside
from pawtrace.foreign.judging.facts import ForeignFacts

# Words for a script, where a recipe's cure names params.
_WORDS = {
    "correct_labels": "Look at the suspects (--html shows their photos), and correct wrong labels.",
    "group_duplicates": "Remove the copies from the training photos, or test on other photos.",
    "class_weights": "Give both labels the same weight in the loss.",
    "pretrained": "Start from pretrained weights, with the input scaling that they expect.",
    "pictures": "Look at the photos: all of them are blank.",
    "plain_pictures": "Remove the augmenting layers; then add them one by one, and look at what they do.",
}
_RATE = 1e-3  # at which a new head learns
_FINE = 1e-5  # at which pretrained layers are fine-tuned, as in the article's second recipe
_USUAL_RATES = {"sgd": 1e-2}  # of the other optimizers, the same


def cures_for(verdict: str, finding: Finding, facts: ForeignFacts) -> list[Cure]:
    """The cures of a verdict, the likeliest first."""
    own = list(_own_cures(verdict, finding, facts))
    shared = [] if own else cures_of(verdict, finding, facts)
    if verdict == "underfitting" and (not facts.measured.feeding.is_certain or facts.may_be_scaled_twice):
        own.insert(0, look(facts))
    output, network = facts.measured.output, facts.measured.network
    if output.is_of_many_classes:
        own.insert(0, _two_classes())
    if output.activation == "number" and "binary" in facts.measured.file.compiled.loss:
        own.insert(0, _sigmoid())
    if verdict == "overfitting" and network.shows_layers and network.family is None and facts.trains_backbone:
        own.append(_pretrained(facts))
    return [_in_a_script(cure, facts) for cure in [*own, *shared]]


def _two_classes() -> Cure:
    return Cure(
        "two_classes",
        "Replace the output units by one unit that tells dogs from cats, and train the model again.",
        None,
        "keras.layers.Dense(1, activation='sigmoid')  # with loss='binary_crossentropy'",
    )


def _sigmoid() -> Cure:
    return Cure(
        "sigmoid",
        "Give the last layer a sigmoid: the loss takes probabilities. Or use the loss for logits.",
        None,
        "keras.layers.Dense(1, activation='sigmoid')  # or keras.losses.BinaryCrossentropy(from_logits=True)",
    )


def _pretrained(facts: ForeignFacts) -> Cure:
    """A pretrained backbone instead of convolutions that know these photos only (measured: docs/log.md)."""
    return Cure(
        "pretrained_backbone",
        "Use a pretrained backbone instead of your own convolutions, and train a head on it.",
        None,
        f"{pretrained_lines(facts.params)}\nbackbone.trainable = False",
    )


def _in_a_script(cure: Cure, facts: ForeignFacts) -> Cure:
    """The cure in words for a script; without a history, the number of epochs is not known."""
    cure = cure._replace(words=_WORDS.get(cure.name, cure.words))
    if cure.name == "freeze_normalization" and _is_fast(facts):
        # At a rate for a new head, the weights move away from the frozen averages (measured: docs/log.md).
        return cure._replace(
            words=f"{cure.words.rstrip('.')}, and lower the learning rate to {_FINE:g}.",
            keras=f"{cure.keras}\nmodel.compile(keras.optimizers.Adam({_FINE:g}), ...); model.fit(...)",
        )
    if cure.name == "correct_labels":  # the suspects are found already
        return cure._replace(keras="")
    if cure.name == "more_epochs" and not facts.knows_history:
        return cure._replace(words="Train twice as many epochs.", keras="model.fit(..., epochs=2 * epochs)")
    return cure


def _is_fast(facts: ForeignFacts) -> bool:
    """Whether the learning rate is too high for pretrained layers, or not known."""
    rate = facts.measured.file.compiled.learning_rate
    return rate is None or rate > 10 * _FINE


def _own_cures(verdict: str, finding: Finding, facts: ForeignFacts) -> Iterator[Cure]:
    if finding.cause == "twice":
        yield _scale_once(facts)
    elif verdict == "input_scaling":
        yield _scaling(finding, facts)
    elif verdict == "stalled":
        yield _higher_rate(facts)
    elif verdict == "label_noise" and finding.cause in ("reversed", "unrelated"):
        yield Cure(
            "same_labels",
            "Give each photo its own label, in the same order of classes in both sets."
            if finding.cause == "reversed"
            else "Give each training photo its own label: shuffle photos and labels together.",
            None,
            "keras.utils.image_dataset_from_directory(folder, class_names=['cat', 'dog'])  # both sets",
        )
    elif verdict == "unstable":
        yield _lower_rate(facts)
        if (broken := applying(dead.rule, facts)) is not None:  # a smaller rate alone may not help
            yield from cures_of_dead(broken, facts)
    elif verdict == "dead":
        yield from cures_of_dead(finding, facts)
    elif finding.cause == "frozen_random":
        yield from from_random(facts)
    elif verdict == "underfitting" and finding.cause != "penalty" and facts.head_is_at_fault:
        yield new_head(facts)


def _scale_once(facts: ForeignFacts) -> Cure:
    """The scaling of the pretrained weights, if the model's scaling layers are wrong for these as well."""
    pretrained = applying(input_scaling.of_pretrained, facts)
    if pretrained is not None:
        return _scaling(pretrained, facts)
    return Cure(
        "scale_once",
        "Scale only once: give the model unscaled photos, or remove its scaling layer; then train again.",
        None,
        scaled_inside(facts),
    )


def _higher_rate(facts: ForeignFacts) -> Cure:
    """A usual learning rate; ten times as high if it was that already."""
    name, usual = _usual_rate(facts)
    rate = max(usual, 10 * (facts.measured.file.compiled.learning_rate or 0.0))
    return Cure(
        "learning_rate",
        f"Raise the learning rate to {rate:g} for a new head, to 1e-5 for pretrained layers.",
        None,
        f"model.compile(keras.optimizers.{name}({rate:g}), ...); model.fit(...)",
    )


def _usual_rate(facts: ForeignFacts) -> tuple[str, float]:
    """The name of the optimizer in Keras, and the learning rate at which it trains a new head."""
    optimizer = facts.measured.file.compiled.optimizer
    name = {"sgd": "SGD", "adamw": "AdamW"}.get(optimizer, "Adam")
    return name, _USUAL_RATES.get(optimizer, _RATE)


def _lower_rate(facts: ForeignFacts) -> Cure:
    compiled, (name, usual) = facts.measured.file.compiled, _usual_rate(facts)
    rate = usual if compiled.learning_rate is None else rounded(min(usual, compiled.learning_rate / 10))
    return Cure(
        "learning_rate",
        f"Lower the learning rate to {rate:g}, and limit the gradients.",
        None,
        f"model.compile(keras.optimizers.{name}({rate:g}, clipnorm=1.0), ...); model.fit(...)",
    )


def _scaling(finding: Finding, facts: ForeignFacts) -> Cure:
    measured, convention = facts.measured, CONVENTIONS[finding.cause]
    received = measured.received
    is_fed = measured.feeding.convention == finding.cause  # the arrays alone are wrong
    then = "" if is_fed else ", in training and prediction; then train the head again"
    own = [] if is_fed else [layer.name for layer in measured.network.scaling_layers]
    instead = (
        f", instead of {CONVENTIONS[received].keras_line}"
        if received not in (None, "zero_to_255") and not is_fed and not own and measured.feeding.is_certain
        else ""
    )
    first = (
        f"Remove the layer {' and the layer '.join(own)} from the model, and give it"
        if own
        else "Give the model"
    )
    return Cure(
        "input_scaling",
        f"{first} {convention.words}{then}.",
        None,
        f"{scaling_line(finding.cause)}{instead}",
    )
