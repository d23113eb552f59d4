"""Further findings about a result, beside its verdict.

Arrives: the facts of one result. Leaves: a sentence for each finding, by its name.
"""

import math
from collections.abc import Callable

from pawtrace.config.odd_values import odd_values
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.rules import undertrained
from pawtrace.diagnosis.verdicts import Verdict
from pawtrace.results.number_words import decimal, percent, plural
from pawtrace.results.probe_results import InputRange

INPUT_RANGE = "input_range"
_NUM_SLICES = 3  # that are named, the worst


def further_findings(facts: Facts, verdict: Verdict) -> dict[str, str]:
    """All findings that apply, except those that the verdict's sentence contains already."""
    odd = odd_values(facts.params, facts.train.num_examples)
    found = {f"odd_value_{number}": line for number, line in enumerate(odd, start=1)}
    notes = {name: find(facts) for name, find in _FINDINGS.items() if name not in verdict.notes}
    return found | {name: sentence for name, sentence in notes.items() if sentence is not None}


def _input_range(facts: Facts) -> str | None:
    inputs = facts.probes.input_range
    if not _is_mismatch(inputs, facts.thresholds.input_range_ratio):
        return None
    received, expected = inputs.received, inputs.expected
    return (
        f"The backbone receives inputs with a standard deviation of {decimal(received.std or 0.0)}, but its "
        f"weights were trained with one of {decimal(expected.std or 0.0)}: check train.input_scaling."
    )


def _is_mismatch(inputs: InputRange, ratio: float) -> bool:
    received, expected = inputs.received.std, inputs.expected.std
    if inputs.weights == "random" or received is None or expected is None:
        return False
    return max(received, expected) > ratio * min(received, expected)


def _dying_signal(facts: Facts) -> str | None:
    dying = facts.dying_signal
    if dying is None:
        return None
    return f"Before training: {dying.words}."


def _imbalance(facts: Facts) -> str | None:
    if facts.train.chance <= facts.thresholds.imbalance_share:
        return None
    return (
        f"The classes are unbalanced: always giving the same answer would be correct for "
        f"{percent(facts.train.chance)} of the training pictures."
    )


def _blank_pictures(facts: Facts) -> str | None:
    probe, blank_loss = facts.probes.overfit, math.log(2)  # the pictures are as many cats as dogs
    if probe.loss is None or probe.loss < blank_loss - facts.thresholds.dead_loss_margin:
        return None
    return (
        f"The network does not use the pictures: after {plural(probe.num_steps, 'step')} on "
        f"{plural(probe.num_examples, 'picture')} the loss is {decimal(probe.loss)}; blank pictures would "
        f"give {decimal(blank_loss)}."
    )


def _overlap(facts: Facts) -> str | None:
    num_seen = len(facts.seen_in_training)
    if num_seen == 0:
        return None
    return (
        f"Of {facts.test.num_examples:,} test pictures {num_seen:,} look"
        f"{'s' if num_seen == 1 else ''} like a training picture."
    )


def _weak_slices(facts: Facts) -> str | None:
    weak = [one for one in facts.slices if one.is_weak][:_NUM_SLICES]
    if not weak or facts.unseen.at_chance:
        return None
    words = "; ".join(
        f"{one.name} (accuracy {percent(one.accuracy)} on {plural(one.num_pictures, 'picture')}, "
        f"{percent(one.accuracy_of_others)} on the others)"
        for one in weak
    )
    return f"The model is measurably worse on some kinds of new pictures: {words}."


def _still_improving(facts: Facts) -> str | None:
    found = undertrained.improvement_of(facts)
    if not (found.is_improving and facts.is_good):  # else it is a verdict
        return None
    return (
        f"The model is good, and was still improving when training ended: {found.words}. More epochs or a "
        "higher learning rate may make it better."
    )


_FINDINGS: dict[str, Callable[[Facts], str | None]] = {
    INPUT_RANGE: _input_range,
    "dying_signal": _dying_signal,
    "class_imbalance": _imbalance,
    "blank_pictures": _blank_pictures,
    "overlap": _overlap,
    "weak_slices": _weak_slices,
    "still_improving": _still_improving,
}
