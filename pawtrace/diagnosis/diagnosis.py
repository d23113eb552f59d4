"""The diagnosis: why is the accuracy of this recipe what it is?

Arrives: the result of a recipe, what is known about the data and the thresholds of params.yaml. Leaves:
a verdict, the first in the table whose rule applies, with its numbers and a sentence, and whatever else
stands out.
"""

from typing import NamedTuple

from pawtrace.config.sections import SPLITS, DiagnoseParams
from pawtrace.diagnosis.facts import Facts, Numbers, Suspect
from pawtrace.diagnosis.notes import further_findings
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.results import Result


class Diagnosis(NamedTuple):
    """Why a recipe's accuracy is what it is."""

    verdict: str  # a name in VERDICTS
    numbers: Numbers  # the evidence by name; shares 0..1
    sentence: str
    notes: dict[str, str]  # what else stands out: its name -> a sentence
    suspects: list[Suspect]  # whose labels to look at, the surest first


def diagnose(result: Result, data: DataSummary, thresholds: DiagnoseParams) -> Diagnosis:
    """Name the first verdict that applies to a result.

    Suspects are listed only for a model that is better than chance on new pictures: the confidence of
    any other model means nothing.
    """
    facts = Facts(result, data, thresholds)
    findings = ((verdict, verdict.rule(facts)) for verdict in VERDICTS.values())
    verdict, finding = next((verdict, finding) for verdict, finding in findings if finding is not None)
    suspects = [] if facts.unseen.at_chance else facts.confident_errors(*SPLITS)
    return Diagnosis(verdict.name, *finding, further_findings(facts, verdict), suspects)
