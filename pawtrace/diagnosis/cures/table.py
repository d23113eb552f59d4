"""The table of cures: for each verdict and cause what to change, in params and in lines of Keras."""

from collections.abc import Callable, Iterator

from pawtrace.diagnosis.cures import of_data, of_training
from pawtrace.diagnosis.cures.steps import Cure
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding

_CURES: dict[str, Callable[[Finding, Facts], Iterator[Cure]]] = {
    "leaking": of_data.leaking,
    "unstable": of_training.unstable,
    "blank_inputs": of_data.blank_inputs,
    "input_scaling": of_data.input_scaling,
    "dead": of_training.dead,
    "stalled": of_training.stalled,
    "normalization_lag": of_training.normalization_lag,
    "too_few": of_data.too_few,
    "imbalance": of_data.imbalance,
    "label_noise": of_data.label_noise,
    "forgetting": of_training.forgetting,
    "overfitting": of_training.overfitting,
    "undertrained": of_training.undertrained,
    "underfitting": of_training.underfitting,
}


def cures_of(verdict: str, finding: Finding, facts: Facts) -> list[Cure]:
    """The cures of a verdict that the recipe does not follow already, the likeliest first."""
    if verdict not in _CURES:
        return []  # it is healthy
    return list(_CURES[verdict](finding, facts))
