"""`normalization_lag`: good in training mode, bad in inference mode, on the same pictures."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding, NotKnown
from pawtrace.diagnosis.scores import is_above
from pawtrace.results.number_words import percent, points
from pawtrace.results.probe_results import Modes


def rule(facts: Facts) -> Finding:
    """Batch normalisation's moving averages lag behind its batches."""
    limit, modes = facts.thresholds.lag_gap, facts.signals.kept
    gap, later_gap = _gap(modes), _gap(_at_the_end(facts))
    if gap is None or later_gap is None:
        raise NotKnown("the network's outputs were not finite")
    training, inference = modes.training.accuracy or 0.0, modes.inference.accuracy or 0.0
    number = modes.num_examples
    outcome = Finding(
        min(gap, later_gap) >= limit and is_above(training, number, inference, number),
        "accuracy in training mode minus accuracy in inference mode, on the same pictures, points",
        points(gap),
        f"at least {points(limit)}, measurably",
    )
    if not outcome.applies:
        return outcome
    return outcome._replace(
        sentence=f"On the same {number} training pictures, the accuracy is {percent(training)} in training "
        f"mode and {percent(inference)} in inference mode: the moving averages of batch normalisation lag "
        f"behind the batches.",
        numbers={
            **facts.accuracies,
            "accuracy_in_training_mode": training,
            "accuracy_in_inference_mode": inference,
            "num_pictures": number,
        },
    )


def _at_the_end(facts: Facts) -> Modes:
    """The last epoch that was measured: averages that have caught up by then lagged only at the start."""
    if not facts.signals.epochs:
        return facts.signals.kept
    last, number = facts.signals.epochs[-1], facts.signals.num_examples
    return Modes(num_examples=number, training=last.training, inference=last.inference)


def _gap(modes: Modes) -> float | None:
    if modes.training.accuracy is None or modes.inference.accuracy is None:
        return None
    return modes.training.accuracy - modes.inference.accuracy
