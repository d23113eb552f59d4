"""`input_scaling`: pretrained weights get another range, mean or channel order than in their training."""

import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding, NotKnown
from pawtrace.evaluation.significance import sign_flip_test
from pawtrace.results.number_words import percent, points
from pawtrace.results.probe_results import LinearProbe

_SURE = 0.05  # p-value; a file's convention is one of several that were tried, so a fraction of it
_MAGNITUDE = 10.0  # between the spreads of the features


def rule(facts: Facts) -> Finding:
    """The pretrained features are worth more under another convention, and it shows in the accuracy."""
    linear_probe = facts.linear_probe
    if linear_probe is None:
        raise NotKnown("the weights were random, so they expect no particular scaling")
    received, expected = linear_probe.received, linear_probe.expected
    # Of more pictures than those on which all conventions were compared.
    judged, as_expected = facts.judge(received).is_right, facts.judge(expected).is_right
    ours, theirs = float(judged.mean()), float(as_expected.mean())
    loss = theirs - ours
    is_worse = received != expected and _is_worse(linear_probe, judged, as_expected)
    # Where the backbone trains it may adapt: there the accuracy itself must be below what the features give.
    hurts = facts.level(facts.unseen) < theirs
    outcome = Finding(
        is_worse and hurts and not facts.trains_backbone,
        "accuracy that a linear classifier on the features loses by the input scaling, points",
        points(loss) if loss else "0.0",
        f"measurably above 0 (p below {_SURE:g})",
    )
    if not outcome.applies:
        return outcome
    return outcome._replace(
        sentence=f"The backbone gets {CONVENTIONS[received].words}, but its weights work best with "
        f"{CONVENTIONS[expected].words}: a linear classifier on its features then has an accuracy of "
        f"{percent(theirs)} instead of {percent(ours)} (on {len(judged)} pictures that the "
        f"classifier had not seen).",
        numbers={
            "features_accuracy_received": ours,
            "features_accuracy_expected": theirs,
            "received": received,
            "expected": expected,
        },
        cause=expected,
    )


def _is_worse(probe: LinearProbe, ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether the received convention is worse than the expected one, on the same pictures.

    By an exact test of signs; or the features have another order of magnitude and are no better for it:
    a head that begins with numbers near 1 cannot cope.

    Args:
      probe: has the spreads of the features.
      ours: whether each picture is judged rightly with the received convention, bool (n,).
      theirs: the same with the expected one.
    """
    differences = (ours.astype(int) - theirs.astype(int)).tolist()
    if sum(differences) >= 0:
        return False
    if sign_flip_test(differences) < _SURE / max(1, probe.num_tried - 1):
        return True
    received, expected = (probe.conventions[name].features_std for name in (probe.received, probe.expected))
    if received is None or expected is None:
        return received is None
    return max(received, expected) > _MAGNITUDE * min(received, expected)
