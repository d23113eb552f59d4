"""`input_scaling` of a finished model: its input is scaled twice, or not as in its training."""

import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.finding import Finding, NotKnown
from pawtrace.diagnosis.rules import input_scaling as pretrained_scaling
from pawtrace.evaluation.significance import holm, is_significant, sign_flip_test
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.judging.missing import HIDDEN
from pawtrace.foreign.judging.trained_otherwise import trained_otherwise
from pawtrace.foreign.measuring.network_outputs import TWICE_STD
from pawtrace.results.number_words import decimal, percent, points
from pawtrace.results.probe_results import LinearProbe


def rule(facts: ForeignFacts) -> Finding:
    """The input is scaled twice, not as in the training, or not as the pretrained weights expect."""
    measured = facts.measured
    convention = measured.feeding.convention
    if measured.inner_scaling and measured.entry_std < TWICE_STD and measured.feeding.is_certain:
        return _twice(facts)
    if (trained := trained_otherwise(facts)) is not None:
        return trained
    fed = measured.test_photos.fed
    fits = fed is None or fed == convention or fed in measured.feeding.equals
    if measured.feeding.is_certain and not fits:
        return Finding(
            True,
            "convention of the arrays",
            CONVENTIONS[str(fed)].words,
            f"the model fits {CONVENTIONS[convention].words}",
            f"You give the model {CONVENTIONS[str(fed)].words}, but it predicts best with "
            f"{CONVENTIONS[convention].words}.",
            cause=convention,
        )
    if not measured.network.shows_layers:
        raise NotKnown(HIDDEN)
    return of_pretrained(facts)


def of_pretrained(facts: ForeignFacts) -> Finding:
    """The trunk's features are worth more under another convention: a head on them can only lose by it.

    Where the trunk is no published backbone, all conventions were tried on it: there the recipe's rule, which
    also compares the accuracy, guards against a chance find.
    """
    probe, expected = facts.linear_probe, facts.measured.network.expected_convention
    if probe is None or expected is None or probe.received not in CONVENTIONS:
        if probe is not None and probe.received not in CONVENTIONS:
            raise NotKnown("the scaling inside the model is not one of the usual conventions")
        return _of_any_weights(facts)
    if not facts.measured.feeding.is_certain and not facts.measured.inner_scaling:
        raise NotKnown("no input scaling makes the model measurably better than guessing")
    network = facts.measured.network
    if network.is_trained_vgg16:
        # By features, such a VGG16 lost 9 points; trained anew as they say, it lost 15 (docs/log.md).
        raise NotKnown("the whole backbone was trained with this scaling, so the weights may have adapted")
    ours, theirs = facts.linear_probe_accuracy(probe.received), facts.linear_probe_accuracy(expected)
    # The weights' origin is known: then the smallest loss is one, and the model's accuracy shows it.
    is_certain = network.is_imagenet_vgg16 and not _is_accurate(facts)
    is_worse = theirs > ours and (is_certain or _is_measurable(probe, expected))
    named = " (images / 255)" if probe.received == "zero_to_one" else ""
    return Finding(
        is_worse,
        "accuracy that a linear classifier on the features loses by this input scaling, points",
        points(theirs - ours),
        "measurably above 0 (p below 0.05)",
        f"The {facts.measured.network.family} backbone gets {CONVENTIONS[probe.received].words}{named}, but "
        f"its pretrained weights expect {CONVENTIONS[expected].words}: a linear classifier on its features "
        f"then classifies {percent(theirs)} of {probe.num_examples} held-out photos correctly, instead of "
        f"{percent(ours)}.",
        {"features_accuracy_received": ours, "features_accuracy_expected": theirs},
        cause=expected,
    )


def _of_any_weights(facts: ForeignFacts) -> Finding:
    """The recipe's rule; its sentence says what the backbone gets only if that is known."""
    finding, measured = pretrained_scaling.rule(facts), facts.measured
    if not finding.applies or measured.feeding.is_certain or measured.inner_scaling:
        return finding
    probe = facts.linear_probe
    assert probe is not None
    ours, theirs = (facts.judge(name).is_right for name in (probe.received, finding.cause))
    return finding._replace(
        sentence=f"The weights of the backbone work best with {CONVENTIONS[finding.cause].words}: a linear "
        f"classifier on its features then classifies {percent(theirs.mean())} of {len(theirs)} held-out "
        f"photos correctly, with {CONVENTIONS[probe.received].words} only {percent(ours.mean())}. The model "
        "was probably trained with another input scaling."
    )


def _is_measurable(probe: LinearProbe, expected: str) -> bool:
    """Whether the received convention is worse on the same photos, by right answers or by probabilities."""
    flags = (probe.conventions[name].right for name in (probe.received, expected))
    rights = [int(own) - int(other) for own, other in zip(*flags, strict=True)]
    ours, theirs = probe.judges[probe.received], probe.judges[expected]
    surer = [
        int(np.sign((other - own) * (2 * label - 1)))
        for own, other, label in zip(ours.probabilities, theirs.probabilities, ours.labels, strict=True)
    ]
    fewer_right, less_sure = map(is_significant, holm([sign_flip_test(rights), sign_flip_test(surer)]))
    return (fewer_right and sum(rights) < 0) or (less_sure and sum(surer) > 0)


def _is_accurate(facts: ForeignFacts) -> bool:
    return facts.level(facts.test) >= facts.thresholds.underfitting_accuracy


def _twice(facts: ForeignFacts) -> Finding:
    measured = facts.measured
    outside = CONVENTIONS[measured.feeding.convention].words
    return Finding(
        not _is_accurate(facts),
        "standard deviation of the values that the first layer receives",
        decimal(measured.entry_std),
        f"below {TWICE_STD:g}, and the model is not good",
        f"The input is scaled twice: the model has a scaling layer and was trained on {outside}, "
        f"so its first layer receives values that are nearly equal (standard deviation "
        f"{decimal(measured.entry_std)}).",
        {"std": measured.entry_std},
        cause="twice",
    )
