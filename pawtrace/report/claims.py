"""What the article claims, and what was measured of it here.

Arrives: the rungs. Leaves: a judgement for each claim and each rung that tests it. A claim whose rung
is not in params.yaml was not measured, and names the rung that would.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pawtrace.report.ladder import Rung
from pawtrace.results.number_words import percent

Ruling = Literal["supported", "contradicted", "no measurable difference", "not measured here"]


class Claim(NamedTuple):
    """A claim that a rung tests by being better, or not, than the one that it builds on."""

    words: str
    recipe: str
    holds_if: Literal["better", "worse"] = "better"


class Judgement(NamedTuple):
    """A claim and what became of it."""

    claim: str
    tested_by: str  # a recipe, and what it is compared with
    measured: str
    ruling: Ruling


_OVERFITTING = "The first recipe's accuracy is low because it overfits."
_FIRST_RECIPES = ("frozen_random", "from_scratch")
NOT_MEASURED: Ruling = "not measured here"
# The kept epoch has the lowest validation loss by construction, so no loss can support or contradict this.
_EARLY_STOPPING = Judgement(
    "Stopping early gives a better model than training to the last epoch.",
    "every recipe",
    "only the kept epoch's model is saved and tested, not that of the last epoch",
    NOT_MEASURED,
)
_CLAIMS = (
    Claim("ImageNet weights help.", "frozen_imagenet"),
    Claim("Inputs should be scaled by 1/255.", "own_preprocessing", holds_if="worse"),
    Claim("Augmentation and dropout help.", "finetune_augmented"),
    Claim("A smaller model does better: MobileNet.", "mobilenet"),
    Claim("A smaller model does better: EfficientNet.", "efficientnet"),
    Claim("Unfreezing the layers step by step helps.", "gradual_unfreeze"),
    Claim("L1 and L2 regularisation help.", "regularized"),
    Claim("Much stronger augmentation helps.", "strong_augmentation"),
    Claim("Another batch size helps: 16.", "batch_16"),
    Claim("Another batch size helps: 64.", "batch_64"),
    Claim("Another batch size helps: 128.", "batch_128"),
)


def unmeasured_words(judgements: list[Judgement]) -> str:
    """A sentence about the claims that no rung of params.yaml tests; empty where there is none."""
    missing = [f"{each.claim.rstrip('.')} ({each.tested_by})" for each in judgements if not each.measured]
    if not missing:
        return ""
    return f"Not measured here, as params.yaml has no such rung: {'; '.join(missing)}."


def judge_claims(rungs: list[Rung]) -> list[Judgement]:
    """Judge every claim of the article by the rungs that were measured."""
    rungs_by_name = {rung.recipe: rung for rung in rungs}
    return [
        _judge_overfitting(rungs_by_name),
        *(_judge(claim, rungs_by_name) for claim in _CLAIMS),
        _EARLY_STOPPING,
    ]


def _judge_overfitting(rungs: Mapping[str, Rung]) -> Judgement:
    tested_by = next((name for name in _FIRST_RECIPES if name in rungs), None)
    if tested_by is None:
        return Judgement(_OVERFITTING, _FIRST_RECIPES[0], "", NOT_MEASURED)
    rung = rungs[tested_by]
    train, validation = (percent(rung.result.metric(split, "accuracy")) for split in ("train", "validation"))
    measured = f"verdict {rung.verdict.words}; {train} right on train, {validation} on validation"
    rulings: dict[bool | None, Ruling] = {
        True: "supported",
        False: "contradicted",
        None: "no measurable difference",
    }
    return Judgement(_OVERFITTING, tested_by, measured, rulings[rung.overfits])


def _judge(claim: Claim, rungs: Mapping[str, Rung]) -> Judgement:
    rung = rungs.get(claim.recipe)
    if rung is None or rung.builds_on is None:
        return Judgement(claim.words, claim.recipe, "", NOT_MEASURED)
    tested_by = f"{claim.recipe} against {rung.builds_on}"
    comparison = rung.comparison
    if comparison is None:
        return Judgement(claim.words, tested_by, "on other test pictures", NOT_MEASURED)
    measured = f"{comparison.words} points of test accuracy"
    if comparison.verdict == "tie":
        return Judgement(claim.words, tested_by, measured, "no measurable difference")
    ruling: Ruling = "supported" if comparison.verdict == claim.holds_if else "contradicted"
    return Judgement(claim.words, tested_by, measured, ruling)
