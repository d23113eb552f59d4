"""`dead` of a finished model: its answers say nothing of the photo, not even of its training photos."""

import keras
import numpy as np

from pawtrace.diagnosis.finding import Finding
from pawtrace.diagnosis.scores import is_above, learned_nothing
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.judging.stalled import RANDOM, has_low_rate, nothing_moved
from pawtrace.foreign.measuring.network import kernels
from pawtrace.results.number_words import decimal, percent

_SAME_ANSWER = 0.01  # standard deviation of P(dog) over all photos: the input makes no difference
_NO_ANSWER = 1e-3  # not even that of a network with random weights
_DEAD_CHANNELS = 0.95  # share of a layer's channels that are zero on all photos
_MEASURE = "standard deviation of P(dog) over all photos"


def rule(facts: ForeignFacts) -> Finding:
    """Never better than guessing: the output hardly depends on the photo, or the training taught nothing.

    Raises:
      NotKnown: the history says that the model did better in training than in any way pawtrace feeds it.
    """
    measured, compiled = facts.measured, facts.measured.file.compiled
    spread = float(measured.test.probabilities.std())
    limit = f"below {_SAME_ANSWER:g}, or no better than guessing on test and training photos"
    if measured.output.is_constant:
        said = "The output is a softmax over one unit: it is 1 for every picture, so nothing can be learned."
        return Finding(True, _MEASURE, "0", limit, said, {"answers_std": spread}, "softmax_over_one_unit")
    numbers = {**facts.accuracies, "answers_std": spread}
    if measured.output.num_units == 1 and "categorical" in compiled.loss and not facts.is_good:
        said = (
            f"The loss is {compiled.loss}, but the output has one unit: such a loss does not depend on what "
            f"that unit gives out, so nothing is learned. The accuracy is {percent(facts.known.accuracy)}."
        )
        return Finding(True, _MEASURE, decimal(spread), limit, said, numbers, "loss")
    is_silent = spread < _SAME_ANSWER or measured.dead_share > _DEAD_CHANNELS
    is_silent &= not facts.has_hardly_begun or spread < _NO_ANSWER or _shows_why(facts)
    excused = _lags(facts) or (nothing_moved(facts) and has_low_rate(facts))
    is_at_chance = facts.known.at_chance and facts.test.at_chance
    applies = not excused and ((is_at_chance and is_silent) or _never_learned(facts))
    if applies:
        facts.require_no_contradiction()
    said = _silent_words(facts, spread) if is_silent else _flat_words(facts)
    return Finding(applies, _MEASURE, decimal(spread), limit, said + _where(facts), numbers, _cause(facts))


def _never_learned(facts: ForeignFacts) -> bool:
    """Whether the training taught it nothing: by its own training photos, or by a history that stays flat."""
    if facts.has_hardly_begun or facts.is_unbalanced or not facts.test.at_chance:
        return False
    if facts.knows_history and not facts.measured.feeding.is_certain and _history_is_flat(facts):
        return True
    if not facts.knows_train or not learned_nothing(facts.train, facts.test):
        return False
    return facts.is_flat_at_chance if facts.knows_history else True


def _history_is_flat(facts: ForeignFacts) -> bool:
    """Whether the training loss never leaves that of guessing; not known where it holds penalties."""
    flat = facts.guessing_loss - facts.thresholds.dead_loss_margin
    return not facts.measured.file.model.losses and min(facts.history.loss) >= flat


def _lags(facts: ForeignFacts) -> bool:
    """Whether the model answers well in training mode: then batch normalisation is at fault."""
    modes = facts.measured.modes
    return modes is not None and modes.lead_of_training >= facts.thresholds.lag_gap


def _cause(facts: ForeignFacts) -> str:
    """What is at fault, judged by the features: the head, what training did to the trunk; or not known.

    Of most backbones that can be published ones it is not known whether they began with published weights.
    """
    probe = facts.linear_probe
    if probe is None:
        return ""
    if facts.head_is_at_fault:
        return "head"
    baseline, tunes = facts.baseline, facts.trains_backbone
    shows_edges = baseline is not None and is_above(
        facts.features_accuracy, probe.num_examples, baseline.accuracy, baseline.num_examples
    )
    network = facts.measured.network
    began_pretrained = network.is_imagenet_vgg16 if network.family == "vgg16" else network.family is not None
    return "destroyed" if began_pretrained and tunes and not shows_edges else ""


def _silent_words(facts: ForeignFacts, spread: float) -> str:
    return (
        f"The model gives nearly the same answer to every picture: P(dog) has a standard deviation of "
        f"{decimal(spread)} over {facts.test.num_examples:,} photos, and the accuracy is "
        f"{percent(facts.known.accuracy)}."
    )


def _flat_words(facts: ForeignFacts) -> str:
    said = [f"{percent(facts.test.accuracy)} on test"]
    said += [f"{percent(facts.train.accuracy)} on its own training photos"] if facts.knows_train else []
    losses = ""
    if facts.knows_history:
        losses = (
            f" The training loss never falls below {decimal(min(facts.history.loss))} "
            f"(guessing gives {decimal(facts.guessing_loss)})."
        )
    return f"The training taught the model nothing: the accuracy is {' and '.join(said)}.{losses}"


def _shows_why(facts: ForeignFacts) -> bool:
    """Whether the layers show that more steps would not help."""
    measured = facts.measured
    is_random = (measured.untrained_trunk or 0.0) > RANDOM
    has_zeros = bool(_zero_layers(measured.network.head_layers))
    cannot = facts.dying_signal is not None or measured.dead_share > _DEAD_CHANNELS
    return is_random or has_zeros or cannot


def _where(facts: ForeignFacts) -> str:
    """Sentences about the place of the fault, as far as the layers show it."""
    measured, signal, said = facts.measured, facts.dying_signal, ""
    if signal is not None:
        said = f" {signal.words}."
    elif measured.dead_share > _DEAD_CHANNELS:
        share = percent(measured.dead_share)
        said = f" {share} of the units of a layer are zero on all photos (dead ReLUs)."
    zeros = _zero_layers(measured.network.head_layers)
    said += "".join(f" All weights of {name} are zero." for name in zeros)
    if (measured.untrained_trunk or 0.0) > RANDOM:
        said += " The convolutions still have their initial random weights."
    if not measured.network.shows_layers:
        said += " For the reason, diagnose the .keras file: a SavedModel does not show its layers."
    cause = _cause(facts)
    if cause:
        features = percent(facts.features_accuracy)
        said += f" A linear classifier on the features of its convolutions classifies {features} correctly: "
        said += (
            "the convolutions are good, and the head is the problem."
            if cause == "head"
            else "if they began with pretrained weights, training has destroyed those."
        )
    return said


def _zero_layers(layers: list[keras.Layer]) -> list[str]:
    return [layer.name for layer, kernel in kernels(layers) if not np.any(kernel)]
