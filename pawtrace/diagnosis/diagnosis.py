"""The diagnosis: why is the accuracy of this recipe what it is?

Arrives: the result of a recipe, what is known about the data, the recipe's params and the thresholds of
params.yaml. Leaves: the verdict (the first in the table whose rule applies); for every verdict whether its
check passed or failed, with number and limit; cures; suspicious labels; further findings.
"""

from typing import NamedTuple

from pawtrace.config.sections import DiagnoseParams
from pawtrace.config.train_params import TrainParams
from pawtrace.diagnosis.cures.steps import Cure
from pawtrace.diagnosis.cures.table import cures_of
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Check, Finding, NotKnown, Numbers
from pawtrace.diagnosis.label_quality import Suspect
from pawtrace.diagnosis.notes import further_findings
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.results import Result


class Diagnosis(NamedTuple):
    """Why a recipe's accuracy is what it is."""

    verdict: str  # a name in VERDICTS
    cause: str  # which of the verdict's causes, where it tells them apart
    numbers: Numbers  # the evidence by name; shares 0..1
    sentence: str
    checks: list[Check]  # every verdict, passed or failed
    cures: list[Cure]  # that the recipe does not follow already, the likeliest first
    notes: dict[str, str]  # further findings: name -> sentence
    suspects: list[Suspect]  # labels that are probably wrong, the surest first


def diagnose(result: Result, data: DataSummary, thresholds: DiagnoseParams, train: TrainParams) -> Diagnosis:
    """Apply every rule to a result.

    Args:
      result: the result of a recipe.
      data: the data that the recipe was trained and measured on.
      thresholds: the limits of the verdicts.
      train: the recipe's params.
    """
    facts = Facts(result, data, thresholds, train)
    findings: dict[str, Finding] = {}
    checks = []
    for name, verdict in VERDICTS.items():
        try:
            findings[name] = finding = verdict.rule(facts)
        except NotKnown as reason:
            checks.append(Check(name, "not known", str(reason), "", ""))
            continue
        state = "failed" if finding.applies else "passed"
        checks.append(Check(name, state, finding.measure, finding.value, finding.limit))
    name = next(name for name, finding in findings.items() if finding.applies)
    finding = findings[name]
    return Diagnosis(
        verdict=name,
        cause=finding.cause,
        numbers=finding.numbers,
        sentence=finding.sentence,
        checks=[check for check in checks if check.verdict != "healthy"],
        cures=cures_of(name, finding, facts),
        notes=further_findings(facts, VERDICTS[name]),
        suspects=facts.suspects,
    )
