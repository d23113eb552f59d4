"""What the article claims, and what was measured of it here.

Arrives: the rungs. Leaves: a judgement for each claim that a recipe tests (`tests_claim` in params.yaml).
"""

from typing import Literal, NamedTuple

from pawtrace.config.recipes import Claim
from pawtrace.report.ladder import Rung
from pawtrace.results.number_words import percent

Ruling = Literal["supported", "contradicted", "no measurable difference", "not measured here"]


class Judgement(NamedTuple):
    """A claim and what became of it."""

    claim: str
    tested_by: str  # a recipe, and what it is compared with
    measured: str
    ruling: Ruling


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


def _judge(rung: Rung, claim: Claim) -> Judgement:
    if claim.holds_if == "overfits":
        return _judge_overfitting(rung, claim)
    tested_by = f"{rung.recipe} against {rung.builds_on}"
    comparison = rung.comparison
    if comparison is None:
        return Judgement(claim.sentence, tested_by, "on other test pictures", "not measured here")
    measured = f"{comparison.words} points of test accuracy"
    if comparison.verdict == "tie":
        return Judgement(claim.sentence, tested_by, measured, "no measurable difference")
    ruling: Ruling = "supported" if comparison.verdict == claim.holds_if else "contradicted"
    return Judgement(claim.sentence, tested_by, measured, ruling)


def _judge_overfitting(rung: Rung, claim: Claim) -> Judgement:
    train, validation = (percent(rung.result.metric(split, "accuracy")) for split in ("train", "validation"))
    measured = f"verdict {rung.verdict.words}; {train} right on train, {validation} on validation"
    rulings: dict[bool | None, Ruling] = {
        True: "supported",
        False: "contradicted",
        None: "no measurable difference",
    }
    return Judgement(claim.sentence, rung.recipe, measured, rulings[rung.overfits])
