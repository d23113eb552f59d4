"""The ladder: one rung for each recipe, in the order of params.yaml, with what it is worth and why.

Arrives: params.yaml and the results of all recipes. Leaves: `Rung`s.
"""

from collections.abc import Mapping
from typing import NamedTuple

from pawtrace.config.params import Params
from pawtrace.config.recipes import Claim
from pawtrace.config.sections import LABELS
from pawtrace.diagnosis.diagnosis import Diagnosis, diagnose
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.next_step import NextStep, next_rung
from pawtrace.diagnosis.scores import score_of
from pawtrace.diagnosis.verdicts import VERDICTS, Verdict
from pawtrace.report.recipe_changes import base_of, change_of
from pawtrace.report.tried_cures import TriedCure, tried_cures
from pawtrace.results.comparisons import compare_all
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.paired import Comparison
from pawtrace.results.results import Result, best_result


class Rung(NamedTuple):
    """A recipe's place in the ladder."""

    result: Result
    change: str  # of what it builds on
    builds_on: str | None
    claim: Claim | None  # that it tests
    comparison: Comparison | None  # with what it builds on, on the same test examples; as one of the ladder's
    diagnosis: Diagnosis
    next: NextStep | None
    cures: list[TriedCure]  # those that proved better here first
    overfits: bool | None  # whatever the verdict is; None: the gap is wide, but may be chance

    @property
    def recipe(self) -> str:
        """The name of the recipe."""
        return self.result.name

    @property
    def test_accuracy(self) -> float:
        """The share of the test examples on which the model is right."""
        return self.result.metric("test", "accuracy")

    @property
    def test_interval(self) -> tuple[float, float]:
        """The 95 % interval of the test accuracy."""
        return self.result.evaluation.intervals["accuracy"]

    @property
    def beats_guessing(self) -> bool:
        """Whether it is measurably better on the test examples than always giving the same answer."""
        return not score_of(self.result.predictions["test"]).at_chance

    @property
    def gap(self) -> float:
        """Train minus validation accuracy, unaugmented; a large value means memorising."""
        return self.result.metric("train", "accuracy") - self.result.metric("validation", "accuracy")

    @property
    def verdict(self) -> Verdict:
        """The row of the verdict in the table of verdicts."""
        return VERDICTS[self.diagnosis.verdict]

    @property
    def minutes(self) -> float:
        """How long training took."""
        return self.result.training.duration_s / 60

    @property
    def seeds(self) -> tuple[float, float, float] | None:
        """Mean, minimum and maximum of the test accuracy, where there is more than one seed."""
        accuracies = self.result.test_accuracies
        if len(accuracies) == 1:
            return None
        return sum(accuracies) / len(accuracies), min(accuracies), max(accuracies)


def climb(params: Params, results: Mapping[str, Result], data: DataSummary) -> list[Rung]:
    """All rungs, in the order of the results.

    Args:
      params: what was trained, and the thresholds of the diagnosis.
      results: of every recipe of params, by name.
      data: what the recipes were trained and measured on.
    """
    bases = {name: base for name in results if (base := base_of(name, params)) is not None}
    rungs, comparisons = [], compare_all(results, bases)
    for name, result in results.items():
        diagnosis = diagnose(result, data, params.diagnose, params.recipe(name).train)
        following = next_rung(name, diagnosis, params, comparisons)
        rungs.append(
            Rung(
                result=result,
                change=change_of(name, params),
                builds_on=base_of(name, params),
                claim=params.recipes[name].tests_claim,
                comparison=comparisons.ladder.get(name),
                diagnosis=diagnosis,
                next=following,
                cures=tried_cures(name, diagnosis, following, params, comparisons),
                overfits=_overfits(Facts(result, data, params.diagnose, params.recipe(name).train)),
            )
        )
    return rungs


def best_rung(rungs: list[Rung]) -> Rung:
    """The rung with the best validation accuracy; see `best_result`."""
    best = best_result(rung.result for rung in rungs)
    return next(rung for rung in rungs if rung.result is best)


def _overfits(facts: Facts) -> bool | None:
    if VERDICTS["overfitting"].rule(facts).applies:
        return True
    may_be_chance = facts.gap >= facts.thresholds.overfitting_gap and not facts.train.at_chance
    return None if may_be_chance else False


def majority_share(result: Result, split: str) -> tuple[str, float]:
    """The most frequent label of a split, and the accuracy of always answering it."""
    counts = [sum(row) for row in result.evaluation.confusion[split]]
    most = max(range(len(LABELS)), key=lambda label: counts[label])
    return LABELS[most], counts[most] / sum(counts)
