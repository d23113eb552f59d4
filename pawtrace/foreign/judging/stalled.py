"""`stalled` of a finished model: it still has its initial weights, or its loss hardly fell."""

from collections.abc import Sequence
from itertools import pairwise

from pawtrace.diagnosis.finding import Finding, NotKnown
from pawtrace.foreign.judging.as_params import trains_trunk
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.judging.missing import HIDDEN
from pawtrace.results.number_words import decimal, percent

RANDOM = 0.5  # share of kernels that are as initialised: more make a trunk that was never trained
_SMALL_UPDATE = 1e-4  # of the weights in a step: a tenth of Karpathy's rule of thumb for a good rate
_LOW_RATE = 2e-5  # below it a new head hardly learns
_MIN_FALLS, _EVEN = 3, 2.0  # epochs; the largest fall as a multiple of the smallest (measured: docs/log.md)
_ALL = "all layers, if the model is not good"
_AS_INITIALISED = "layers of the head that still look untrained"


def rule(facts: ForeignFacts) -> Finding:
    """The loss hardly falls, or the weights are still the initial ones."""
    rate, has_not_moved = facts.measured.file.compiled.learning_rate, nothing_moved(facts)
    rate_words = f", at a learning rate of {rate:g}" if rate is not None else ""
    if not facts.knows_history and not facts.measured.network.shows_layers:
        raise NotKnown(HIDDEN)
    if not has_not_moved and not facts.knows_history:
        return Finding(False, _AS_INITIALISED, percent(facts.measured.untrained_head or 0.0), _ALL)
    if has_not_moved:
        photos = "its training photos" if facts.knows_train else "the test photos"
        return Finding(
            not facts.is_good,
            _AS_INITIALISED,
            percent(1.0),
            _ALL,
            f"The weights have hardly changed from Keras's initial ones{rate_words}: the model is as good as "
            f"untrained, with an accuracy of {percent(facts.known.accuracy)} on {photos}.",
            cause="rate",
        )
    return _flat_loss(facts)


def _flat_loss(facts: ForeignFacts) -> Finding:
    """The training loss hardly falls, in steps that are measured as small or have a low rate."""
    rate, update = facts.measured.file.compiled.learning_rate, facts.largest_update
    losses, limit = facts.history.loss, facts.thresholds.stalled_fall
    fall = (losses[0] - min(losses)) / losses[0] if losses[0] else 0.0
    is_flat = fall < limit and not facts.is_good
    creeps = falls_evenly(losses)
    if is_flat and rate is None and update is None and not creeps:
        raise NotKnown("the model file does not hold the learning rate")
    is_slow = creeps or (has_low_rate(facts) if update is None else update < _SMALL_UPDATE)
    slow = (
        f"a learning rate below {_LOW_RATE:g}"
        if update is None
        else f"updates below {_SMALL_UPDATE:g} of the weights"
    )
    moved = "" if update is None else f" A step changes the weights by at most {update:.1g} of their size."
    return Finding(
        is_flat and is_slow,
        "fall of the training loss, as a share of its start",
        percent(max(0.0, fall)),
        f"less than {percent(limit)}, with {slow} or an even fall",
        f"The learning rate{'' if rate is None else f' of {rate:g}'} is too low: in {len(losses)} epochs the "
        f"training loss fell only from {decimal(losses[0])} to {decimal(min(losses))}.{moved}",
        {} if update is None else {"largest_update": update},
        cause="rate",
    )


def falls_evenly(losses: Sequence[float]) -> bool:
    """Whether the loss falls by nearly the same amount in every epoch.

    Steps that are large enough to learn from make it fall fast at first, and then up and down.
    """
    falls = [before - after for before, after in pairwise(losses)]
    return len(falls) >= _MIN_FALLS and 0 < max(falls) < _EVEN * min(falls)


def nothing_moved(facts: ForeignFacts) -> bool:
    """Whether all trainable layers still have their initial weights; false for a head on a random trunk."""
    if facts.largest_update is not None and facts.largest_update >= _SMALL_UPDATE:
        return False
    measured, tunes = facts.measured, trains_trunk(facts.measured)
    is_random = (measured.untrained_trunk or 0.0) > RANDOM
    shares = [measured.untrained_head, measured.untrained_trunk if tunes else None]
    known = [share for share in shares if share is not None]
    return bool(known) and min(known) == 1.0 and (tunes or not is_random)


def has_low_rate(facts: ForeignFacts) -> bool:
    """Whether the learning rate is known, and so low that even a new head hardly learns."""
    rate = facts.measured.file.compiled.learning_rate
    return rate is not None and rate < _LOW_RATE
