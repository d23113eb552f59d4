"""Rules for a finished model, in place of the rules that need measurements of the training.

All other verdicts use the rules of `pawtrace.diagnosis.rules`, on the same facts.
"""

import math
from collections.abc import Callable

from pawtrace.diagnosis.finding import Finding, NotKnown, applying
from pawtrace.diagnosis.rules import normalization_lag as lag
from pawtrace.diagnosis.rules import too_few as few
from pawtrace.diagnosis.rules import undertrained as still_improving
from pawtrace.diagnosis.rules.overfitting import USUAL_GAP, is_unusual
from pawtrace.diagnosis.rules.unstable import largest_rise
from pawtrace.diagnosis.scores import level_words
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.foreign.judging import dead, input_scaling, label_noise, stalled
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.judging.missing import NO_HISTORY, NO_TRAIN
from pawtrace.foreign.judging.stalled import RANDOM
from pawtrace.results.number_words import decimal, percent, plural, points

_FAR = 1.5  # times the loss of guessing: a network that its steps have broken ends nearer
_BLANK = 2.0  # of 255: photos that differ by less are all of one colour


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
    is_assumed = epoch == 1 and facts.initial_loss is None
    # With a wrong input scaling, the first loss is large at every learning rate.
    is_explained = is_assumed and applying(input_scaling.rule, facts) is not None
    applies = rise > limit and not facts.is_good and not is_explained
    why_not = ", explained by the input scaling" if is_explained else ", recovered"
    jump = (
        f"The training loss is {decimal(after)} in epoch 1, although guessing gives {decimal(before)},"
        if is_assumed
        else f"The training loss jumps from {decimal(before)} to {decimal(after)} in epoch {epoch}"
    )
    return Finding(
        applies,
        measure,
        decimal(max(0.0, rise)) + (why_not if rise > limit and not applies else ""),
        limit_words,
        f"{jump} and the model does not recover: the learning rate is too large.",
        {"epoch": epoch, "rise": rise},
    )


def _initial_loss(facts: ForeignFacts) -> float:
    """The loss before training; infinite where that is not known and the first epoch may have been a fall.

    An input of 0..255 alone makes it large, and so do penalties on weights, which the history contains. A
    network that never learns afterwards was broken by its steps; one whose loss falls from far above guessing
    in every epoch is still learning.
    """
    if facts.initial_loss is not None:
        return facts.initial_loss
    losses = facts.history.loss
    falls_from_above = (
        list(losses) == sorted(losses, reverse=True) and losses[-1] > _FAR * facts.guessing_loss
    )
    has_learned = min(losses) < facts.guessing_loss - facts.thresholds.dead_loss_margin or falls_from_above
    has_penalties = bool(facts.measured.file.model.losses)
    return math.inf if has_learned or has_penalties else facts.guessing_loss


def blank_inputs(facts: ForeignFacts) -> Finding:
    """The photos are blank, or the model's own augmentation makes them so; that of a script is not known."""
    contrast, kept = facts.measured.contrast, facts.measured.contrast_kept
    if contrast >= _BLANK:
        if kept is None:
            raise NotKnown("pawtrace cannot see the augmentation in your script")
        return _blank_by_augmentation(kept, facts.thresholds.blank_contrast)
    return Finding(
        True,
        "contrast of the photos, of 255",
        decimal(contrast),
        f"below {_BLANK:g}",
        f"All photos look alike: their brightness varies by only {decimal(contrast)} of 255.",
        cause="data",
    )


def _blank_by_augmentation(kept: float, limit: float) -> Finding:
    return Finding(
        kept < limit,
        "share of the photos' contrast that the model's augmenting layers keep",
        percent(kept),
        f"below {percent(limit)}",
        f"The augmenting layers in the model hide the photos: {percent(kept)} of the contrast remains, "
        "compared with the changes of brightness.",
        {"contrast_kept": kept},
        cause="augmentation",
    )


def normalization_lag(facts: ForeignFacts) -> Finding:
    """Good in training mode only; an overfitted model is better in it, too, but not on test photos."""
    finding, on_test = lag.rule(facts), facts.measured.modes_on_test
    if not facts.knows_train:
        finding = finding._replace(sentence=finding.sentence.replace("training pictures", "test photos"))
    if on_test is None:
        return finding
    lags_on_test = on_test.lead_of_training >= facts.thresholds.lag_gap
    if not finding.applies or lags_on_test or not overfitting(facts).applies:
        return finding
    return finding._replace(applies=False, value=f"{finding.value}, but not on test photos")


def too_few(facts: ForeignFacts) -> Finding:
    """There are few training photos: of many, a slow model was shown only some."""
    finding, number = few.rule(facts), facts.num_train
    return finding._replace(
        applies=finding.applies and number < facts.thresholds.too_few_examples, value=f"{number:,}"
    )


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
    if head.pooling == "flatten" and num_weights > 100 * facts.num_train:
        cause = "large_head"
    within_luck = f", not measurably more than {points(USUAL_GAP)}" if gap >= limit and not applies else ""
    return Finding(
        applies,
        "accuracy on training photos minus accuracy on test photos, points",
        f"{points(gap)}{within_luck}",
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
    finding = still_improving.rule(facts)
    if finding.applies or facts.is_good or not facts.has_hardly_begun:
        return finding
    said = (
        f"The history ends after {plural(len(facts.history.epoch), 'epoch')}, with an accuracy of "
        f"{percent(facts.known.accuracy)}: so few steps do not show what the model can learn."
    )
    few = "too few steps to learn much, and not good"
    return Finding(True, "epochs in the history", str(len(facts.history.epoch)), few, said, cause="epochs")


def underfitting(facts: ForeignFacts) -> Finding:
    """Not good on its own training photos; or the convolutions are frozen and random."""
    limit, measured = facts.thresholds.underfitting_accuracy, facts.measured
    is_random = (measured.untrained_trunk or 0.0) > RANDOM
    if not facts.knows_train and not is_random:
        raise NotKnown(NO_TRAIN)
    level = facts.level(facts.known)
    if level < limit:
        facts.require_no_contradiction()
    cause = _underfitting_cause(facts, is_random=is_random)
    photos = "its own training photos" if facts.knows_train else "test photos"
    why = {
        "frozen_random": " Its convolutions still have the random weights that Keras initialised.",
        "penalty": " The penalties on its weights outweigh the classification loss.",
    }.get(cause, "")
    return Finding(
        level < limit,
        f"{level_words(is_unbalanced=facts.is_unbalanced)} on {photos}",
        percent(level),
        f"below {percent(limit)}",
        f"The model is right on only {percent(facts.known.accuracy)} of "
        f"{photos if facts.knows_train else 'the test photos'}.{why}",
        dict(facts.accuracies),
        cause,
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
        f"{level_words(is_unbalanced=facts.is_unbalanced)} on test photos",
        percent(facts.level(facts.test)),
        f"at least {percent(limit)}",
        f"No problem was found: the model classifies {percent(facts.test.accuracy)} of the test photos "
        "correctly.",
        dict(facts.accuracies),
    )


_OWN: dict[str, Callable[[ForeignFacts], Finding]] = {
    "input_scaling": input_scaling.rule,
    "unstable": unstable,
    "blank_inputs": blank_inputs,
    "dead": dead.rule,
    "stalled": stalled.rule,
    "normalization_lag": normalization_lag,
    "too_few": too_few,
    "label_noise": label_noise.rule,
    "forgetting": forgetting,
    "overfitting": overfitting,
    "undertrained": undertrained,
    "underfitting": underfitting,
    "healthy": healthy,
}
RULES: dict[str, Callable[[ForeignFacts], Finding]] = {
    name: _OWN.get(name, verdict.rule) for name, verdict in VERDICTS.items()
}
