"""Rules for a finished model, in place of the rules that need measurements of the training.

All other verdicts use the rules of `pawtrace.diagnosis.rules`, on the same facts.
"""

import math
from collections.abc import Callable

from pawtrace.diagnosis.finding import Finding, NotKnown
from pawtrace.diagnosis.rules import undertrained as still_improving
from pawtrace.diagnosis.rules.overfitting import USUAL_GAP, is_unusual
from pawtrace.diagnosis.rules.unstable import largest_rise
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.foreign.judging import input_scaling, stalled
from pawtrace.foreign.judging.facts import NO_HISTORY, NO_TRAIN, ForeignFacts
from pawtrace.foreign.judging.stalled import RANDOM, has_low_rate, nothing_moved
from pawtrace.results.number_words import decimal, percent, points

_SAME_ANSWER = 0.01  # standard deviation of P(dog) over all photos: the input makes no difference
_BLANK = 2.0  # of 255: photos that differ by less are all of one colour
_DEAD_CHANNELS = 0.95  # share of a layer's channels that are zero on all photos


def unstable(facts: ForeignFacts) -> Finding:
    """The history's loss jumps and does not recover, or is not finite."""
    if not facts.knows_history:
        raise NotKnown(NO_HISTORY)
    losses, limit = facts.history.loss, facts.thresholds.unstable_rise
    measure, limit_words = "rise of the training loss without recovery", f"above {limit:g}"
    if not all(map(math.isfinite, losses)):
        epoch = next(number for number, loss in enumerate(losses, start=1) if not math.isfinite(loss))
        said = f"The training loss is not a finite number in epoch {epoch}: the learning rate is too large."
        return Finding(True, measure, "not finite", limit_words, said)
    rise, epoch, before, after = largest_rise(facts, _initial_loss(facts))
    applies = rise > limit and not facts.is_good
    return Finding(
        applies,
        measure,
        decimal(max(0.0, rise)),
        limit_words,
        f"The training loss jumps from {decimal(before)} to {decimal(after)} in epoch {epoch} "
        "and the model does not recover: the learning rate is too large.",
        {"epoch": epoch, "rise": rise},
    )


def _initial_loss(facts: ForeignFacts) -> float:
    """The loss before training; infinite where that is not known and the first epoch may have been a fall.

    An input of 0..255 alone makes it large, and so do penalties on weights, which the history contains. A
    network that never learns afterwards was broken by its steps.
    """
    if facts.initial_loss is not None:
        return facts.initial_loss
    has_learned = min(facts.history.loss) < facts.guessing_loss - facts.thresholds.dead_loss_margin
    has_penalties = bool(facts.measured.file.model.losses)
    return math.inf if has_learned or has_penalties else facts.guessing_loss


def blank_inputs(facts: ForeignFacts) -> Finding:
    """The photos are blank; augmentation outside the model is not known."""
    contrast = facts.measured.contrast
    if contrast >= _BLANK:
        raise NotKnown("pawtrace cannot see the augmentation in your script")
    return Finding(
        True,
        "contrast of the photos, of 255",
        decimal(contrast),
        f"below {_BLANK:g}",
        f"All photos look alike: their brightness varies by only {decimal(contrast)} of 255.",
        cause="data",
    )


def dead(facts: ForeignFacts) -> Finding:
    """Never better than guessing, because the output hardly depends on the picture."""
    measured, score = facts.measured, facts.known
    spread = float(measured.test.probabilities.std())
    measure = "standard deviation of P(dog) over all photos"
    limit = f"below {_SAME_ANSWER:g}, and no better than guessing"
    if measured.output.is_constant:
        said = "The output is a softmax over one unit: it is 1 for every picture, so nothing can be learned."
        return Finding(True, measure, "0", limit, said, {"answers_std": spread}, "softmax_over_one_unit")
    signal = facts.dying_signal
    is_silent = spread < _SAME_ANSWER or measured.dead_share > _DEAD_CHANNELS
    excused = _lags(facts) or (nothing_moved(facts) and has_low_rate(facts))
    applies = (score.at_chance or facts.test.at_chance) and is_silent and not excused
    where = ""
    if signal is not None:
        where = (
            f" The signal dies at {signal.block.name}: there, activations have a standard deviation of "
            f"{decimal(signal.std)} (before: {decimal(signal.largest_std)})."
        )
    elif measured.dead_share > _DEAD_CHANNELS:
        where = (
            f" {percent(measured.dead_share)} of the units of a layer are zero on all photos (dead ReLUs)."
        )
    if (measured.untrained_trunk or 0.0) > RANDOM:
        where += " The convolutions still have their initial random weights."
    if not measured.network.shows_layers:
        where += " For the reason, diagnose the .keras file: a SavedModel does not show its layers."
    return Finding(
        applies,
        measure,
        decimal(spread),
        limit,
        f"The model gives nearly the same answer to every picture: P(dog) has a standard deviation of "
        f"{decimal(spread)} over {facts.test.num_examples:,} photos, and the accuracy is "
        f"{percent(score.accuracy)}.{where}",
        {**facts.accuracies, "answers_std": spread},
    )


def _lags(facts: ForeignFacts) -> bool:
    """Whether the model answers well in training mode: then batch normalisation is at fault."""
    modes = facts.measured.modes
    if modes is None:
        return False
    return (modes.training.accuracy or 0.0) - (modes.inference.accuracy or 0.0) >= facts.thresholds.lag_gap


def forgetting(facts: ForeignFacts) -> Finding:
    """Not known: the file holds only the weights after training."""
    del facts
    raise NotKnown("the file does not hold the weights before training")


def overfitting(facts: ForeignFacts) -> Finding:
    """Good on the training photos, measurably worse on the test photos."""
    limit, gap = facts.thresholds.overfitting_gap, facts.gap
    train, test = facts.train, facts.test
    applies = gap >= limit and is_unusual(train, test)
    head, layers = facts.params.head, facts.measured.network.head_layers
    num_weights = sum(layer.count_params() for layer in layers if getattr(layer, "count_params", None))
    cause = "no_augmentation"
    if head.pooling == "flatten" and num_weights > 100 * train.num_examples:
        cause = "large_head"
    return Finding(
        applies,
        "accuracy on training photos minus accuracy on test photos, points",
        points(gap),
        f"at least {points(limit)}, and measurably more than {points(USUAL_GAP)}",
        f"The model is clearly worse on new photos than on its training photos: accuracy "
        f"{percent(train.accuracy)} on train, {percent(test.accuracy)} on test.",
        {**facts.accuracies, "gap": gap, "num_head_weights": num_weights},
        cause,
    )


def undertrained(facts: ForeignFacts) -> Finding:
    """Still improving when the history ends."""
    if not facts.knows_history:
        raise NotKnown(NO_HISTORY)
    return still_improving.rule(facts)


def underfitting(facts: ForeignFacts) -> Finding:
    """Not good on its own training photos; or the convolutions are frozen and random."""
    limit, measured = facts.thresholds.underfitting_accuracy, facts.measured
    is_random = (measured.untrained_trunk or 0.0) > RANDOM
    if not facts.knows_train and not is_random:
        raise NotKnown(NO_TRAIN)
    level = facts.level(facts.known)
    why = " Its convolutions still have the random weights that Keras initialised." if is_random else ""
    return Finding(
        level < limit,
        f"accuracy on {'its own training' if facts.knows_train else 'test'} photos",
        percent(level),
        f"below {percent(limit)}",
        f"The model is right on only {percent(facts.known.accuracy)} of "
        f"{'its own training photos' if facts.knows_train else 'the test photos'}.{why}",
        dict(facts.accuracies),
        _underfitting_cause(facts, is_random=is_random),
    )


def _underfitting_cause(facts: ForeignFacts, *, is_random: bool) -> str:
    if is_random:
        return "frozen_random"
    if facts.penalties_outweigh:
        return "penalty"
    return "capacity" if facts.trains_backbone else "frozen"


def healthy(facts: ForeignFacts) -> Finding:
    """Good on photos that it was not trained on, and nothing else was found."""
    limit = facts.thresholds.underfitting_accuracy
    return Finding(
        facts.level(facts.test) >= limit,
        "accuracy on test photos",
        percent(facts.test.accuracy),
        f"at least {percent(limit)}",
        f"No problem was found: the model classifies {percent(facts.test.accuracy)} of the test photos "
        "correctly.",
        dict(facts.accuracies),
    )


_OWN: dict[str, Callable[[ForeignFacts], Finding]] = {
    "input_scaling": input_scaling.rule,
    "unstable": unstable,
    "blank_inputs": blank_inputs,
    "dead": dead,
    "stalled": stalled.rule,
    "forgetting": forgetting,
    "overfitting": overfitting,
    "undertrained": undertrained,
    "underfitting": underfitting,
    "healthy": healthy,
}
RULES: dict[str, Callable[[ForeignFacts], Finding]] = {
    name: _OWN.get(name, verdict.rule) for name, verdict in VERDICTS.items()
}
