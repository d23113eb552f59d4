"""What was measured of a foreign model, in the shape of a recipe's results."""

from types import SimpleNamespace
from typing import Any

from pawtrace.foreign.judging.missing import NO_TRAIN, absent
from pawtrace.foreign.measuring.measure import Measured
from pawtrace.results.probe_results import Answers, EpochSignals, RateRange


def result_of(predictions: dict[str, Any]) -> Any:
    """The predictions, by split."""
    return SimpleNamespace(predictions=predictions)


def data_of(measured: Measured) -> Any:
    """What is known of the photos."""
    like_train = absent(NO_TRAIN) if measured.like_train is None else {"test": measured.like_train}
    return SimpleNamespace(split=SimpleNamespace(baseline=measured.baseline), like_train=like_train)


def objective_of(signals: EpochSignals) -> float | None:
    """What is minimised, penalties included, as in the history; None where it is not finite."""
    loss, share = signals.training.loss, signals.penalty_share
    return None if loss is None or share is None or share >= 1 else loss / (1 - share)


def probes_of(measured: Measured, initial_loss: float | None) -> Any:
    """The measurements of the network; those that need a training are missing."""
    reason = "needs a training, and pawtrace does not train a finished model"
    unknown = RateRange(rate=0.0, rates=[], losses=[], falls_from=None, steepest=None, blows_up_at=None)
    return SimpleNamespace(
        blocks=measured.blocks,
        linear_probe=measured.linear_probe,
        overfit=absent(reason),
        initial=SimpleNamespace(training=Answers(loss=initial_loss, accuracy=None)),
        rate_range=unknown,
    )
