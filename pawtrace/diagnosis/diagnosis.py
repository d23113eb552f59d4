"""The diagnosis: why is the accuracy of this recipe what it is?

Arrives: the result of a recipe and the thresholds of params.yaml. Leaves: a verdict, the first of
VERDICTS that applies, with its numbers and a sentence, and whatever else stands out.
"""

from collections.abc import Callable
from typing import NamedTuple

from pawtrace.config.sections import SPLITS, VERDICTS, DiagnoseParams
from pawtrace.diagnosis.broken_training import dead, leaking, unstable
from pawtrace.diagnosis.facts import Finding, Numbers, Suspect, Symptoms
from pawtrace.diagnosis.notes import further_findings
from pawtrace.diagnosis.weak_learning import healthy, label_noise, overfitting, underfitting, undertrained
from pawtrace.results.results import Result

_DISEASES: dict[str, Callable[[Symptoms], Finding | None]] = {
    "leaking": leaking,
    "unstable": unstable,
    "dead": dead,
    "label_noise": label_noise,
    "overfitting": overfitting,
    "undertrained": undertrained,
    "underfitting": underfitting,
    "healthy": healthy,
}


class Diagnosis(NamedTuple):
    """What a result suffers from."""

    verdict: str  # one of VERDICTS
    numbers: Numbers  # the evidence by name; shares 0..1
    sentence: str
    notes: dict[str, str]  # what else stands out: its name -> a sentence
    suspects: list[Suspect]  # whose labels to look at, the surest first


def diagnose(result: Result, thresholds: DiagnoseParams) -> Diagnosis:
    """Name the first disease that applies to a result, or call it healthy.

    Suspects are listed for a model that is better than chance on new pictures: that another one is
    sure of something means nothing.
    """
    found = Symptoms(result, thresholds)
    verdict, (numbers, sentence) = _first(found)
    suspects = [] if found.unseen.at_chance else found.confident_errors(*SPLITS)
    return Diagnosis(verdict, numbers, sentence, further_findings(found, verdict), suspects)


def _first(found: Symptoms) -> tuple[str, Finding]:
    findings = ((verdict, _DISEASES[verdict](found)) for verdict in VERDICTS)
    return next((verdict, finding) for verdict, finding in findings if finding is not None)
