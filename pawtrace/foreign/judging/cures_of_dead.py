"""What to change where a model is dead: the loss, the head, destroyed or random weights, what `fit` gets."""

from collections.abc import Iterator

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.cures.steps import MIN_EPOCHS, Cure, pretrained_lines, scaling_line
from pawtrace.diagnosis.finding import Finding
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.results.number_words import plural


def cures_of_dead(finding: Finding, facts: ForeignFacts) -> Iterator[Cure]:
    """The cures by cause, the likeliest first."""
    if finding.cause == "softmax_over_one_unit":
        yield Cure(
            "sigmoid",
            "Use a sigmoid on the last layer, and train again.",
            None,
            "keras.layers.Dense(1, activation='sigmoid')  # with loss='binary_crossentropy'",
        )
    elif finding.cause == "loss":
        yield Cure(
            "loss",
            "Use binary cross-entropy, and train again.",
            None,
            "model.compile('adam', loss='binary_crossentropy', metrics=['accuracy'])",
        )
    elif finding.cause == "head":
        yield from _penalties(facts)
        yield new_head(facts)
    elif finding.cause == "destroyed":
        yield Cure(
            "head_first",
            "Begin again with pretrained weights: train the head with the backbone frozen, then all layers "
            "at a learning rate of 1e-5.",
            None,
            f"{pretrained_lines(facts.params)}\n"
            "backbone.trainable = False; model.compile(keras.optimizers.Adam(1e-3), ...); model.fit(...)\n"
            "backbone.trainable = True; model.compile(keras.optimizers.Adam(1e-5), ...); model.fit(...)",
        )
    elif facts.linear_probe is None or facts.dying_signal is not None:
        yield from from_random(facts)
    else:
        yield look(facts)
        yield from _penalties(facts)
        yield from _more_epochs(facts)
        yield from from_random(facts)


def new_head(facts: ForeignFacts) -> Cure:
    """A new head, with the inputs that its backbone expects."""
    measured = facts.measured
    expected = measured.network.expected_convention or measured.feeding.convention
    scaling = scaled_inside(facts) if measured.inner_scaling else scaling_line(expected)
    height, width = measured.network.size_px
    return Cure(
        "new_head",
        "Train a new head on the convolutions, which are good: frozen, with one sigmoid unit.",
        None,
        f"images = keras.Input(({height}, {width}, 3))\n"
        "# your convolutions:\n"
        f"backbone = keras.Model(model.inputs, {measured.network.feature_map_words})\n"
        "backbone.trainable = False\n"
        f"{scaling}\n"
        "x = keras.layers.GlobalAveragePooling2D()(backbone(x, training=False))\n"
        "model = keras.Model(images, keras.layers.Dense(1, activation='sigmoid')(x))\n"
        "model.compile(keras.optimizers.Adam(1e-3), 'binary_crossentropy', metrics=['accuracy'])",
    )


def scaled_inside(facts: ForeignFacts) -> str:
    """The line of Keras that gives a model with scaling layers of its own the input that these expect."""
    return f"x = images  # {_expected_words(facts)}; the scaling layer in the model does the rest"


def _expected_words(facts: ForeignFacts) -> str:
    return CONVENTIONS[facts.measured.made_for or "zero_to_255"].words


def look(facts: ForeignFacts) -> Cure:
    """Look at what `fit` gets."""
    words = "Look at what fit gets: photos in the range that you expect, each with its own label."
    if facts.measured.inner_scaling:
        words = (
            f"Look at what fit gets: the model scales its input itself, so give it {_expected_words(facts)}."
        )
    return Cure("inputs", words, None, "print(images.min(), images.max(), labels[:20])")


def from_random(facts: ForeignFacts) -> Iterator[Cure]:
    """Pretrained weights, or all layers trained with what lets the signal through."""
    yield Cure(
        "pretrained",
        "Start from pretrained weights, with the input scaling that they expect.",
        None,
        f"{pretrained_lines(facts.params)}\n"
        "backbone.trainable = False  # train the head first; then all layers at a learning rate of 1e-5",
    )
    all_layers = "use" if facts.trains_backbone else "train all layers, with"
    yield Cure(
        "unfreeze",
        f"Or {all_layers} He initialisation and batch normalisation.",
        None,
        "keras.layers.Conv2D(\n"
        "    filters, 3, padding='same', use_bias=False, kernel_initializer='he_normal')\n"
        "keras.layers.BatchNormalization(momentum=0.9)  # after every convolution, before its ReLU",
    )


def _more_epochs(facts: ForeignFacts) -> Iterator[Cure]:
    """A longer training, where the history is short: random weights begin to learn late."""
    if facts.knows_history and len(facts.history.epoch) < MIN_EPOCHS:
        number = plural(len(facts.history.epoch), "epoch")
        yield Cure(
            "more_epochs",
            f"Train longer: {number} may be too few for weights that begin at random.",
            None,
            f"model.fit(..., epochs={3 * MIN_EPOCHS})",
        )


def _penalties(facts: ForeignFacts) -> Iterator[Cure]:
    if facts.params.head.l1 or facts.params.head.l2:
        yield Cure(
            "no_penalty",
            "Remove the L1 and L2 penalties on the head's weights.",
            None,
            "keras.layers.Dense(units)  # without kernel_regularizer",
        )
