"""What the article claims, and what was measured of it here.

Arrives: the rungs. Leaves: a judgement for each claim that a recipe tests (`tests_claim` in params.yaml).
"""

from typing import Literal, NamedTuple

from pawtrace.config.recipes import Claim
from pawtrace.report.ladder import Rung
from pawtrace.results.number_words import percent
from pawtrace.results.paired import Comparison

Ruling = Literal["supported", "contradicted", "no measurable difference", "not measured here"]


class Judgement(NamedTuple):
    """A claim and what became of it."""

    claim: str
    tested_by: str  # a recipe, and what it is compared with
    measured: str
    ruling: Ruling


_SAID: dict[bool, Ruling] = {True: "supported", False: "contradicted"}
# The kept epoch has the lowest validation loss by construction, so no loss can support or contradict this.
_EARLY_STOPPING = Judgement(
    "Stopping early gives a better model than training to the last epoch.",
    "every recipe",
    "only the kept epoch's model is saved and tested, not that of the last epoch",
    "not measured here",
)


def judge_claims(rungs: list[Rung]) -> list[Judgement]:
    """Judge each claim by the recipe that tests it, in the order of the recipes."""
    judgements = [_judge(rung, rung.claim) for rung in rungs if rung.claim is not None]
    return [*judgements, _EARLY_STOPPING]


def ruling_of(claim: Claim, comparison: Comparison | None, overfits: bool | None) -> Ruling:
    """What became of a claim.

    Args:
      claim: of the article.
      comparison: of the recipe that tests it with what that builds on; None where there is none.
      overfits: whether the recipe overfits; None where its gap may be chance.
    """
    if claim.holds_if == "overfits":
        return "no measurable difference" if overfits is None else _SAID[overfits]
    if comparison is None:
        return "not measured here"
    if comparison.verdict == "tie":
        return "no measurable difference"
    return _SAID[comparison.verdict == claim.holds_if]


def _judge(rung: Rung, claim: Claim) -> Judgement:
    comparison = rung.comparison
    ruling = ruling_of(claim, comparison, rung.overfits)
    if claim.holds_if == "overfits":
        train, validation = (
            percent(rung.result.metric(split, "accuracy")) for split in ("train", "validation")
        )
        measured = f"verdict {rung.verdict.words}; {train} right on train, {validation} on validation"
        return Judgement(claim.sentence, rung.recipe, measured, ruling)
    measured = f"{comparison.words} points of test accuracy" if comparison else "on other test pictures"
    return Judgement(claim.sentence, f"{rung.recipe} against {rung.builds_on}", measured, ruling)
