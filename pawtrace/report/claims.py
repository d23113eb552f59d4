"""What the article claims, and what was measured of it here.

Arrives: the rungs. Leaves: a judgement for each claim and each rung that tests it. A claim whose rung
is not in params.yaml was not measured, and names the rung that would.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pawtrace.report.ladder import Rung
from pawtrace.results.number_words import decimal, percent, plural
from pawtrace.results.paired import compare

Ruling = Literal["supported", "contradicted", "no measurable difference", "not measured here"]


class Claim(NamedTuple):
    """A claim that a rung tests by being better, or not, than another one."""

    words: str
    recipe: str
    compared_with: str | None = None  # what the recipe builds on, where this is None
    holds_if: Literal["better", "worse"] = "better"


class Judgement(NamedTuple):
    """A claim and what became of it."""

    claim: str
    tested_by: str  # a recipe, and what it is compared with
    measured: str
    ruling: Ruling


_OVERFITTING = "The first recipe's accuracy is low because it overfits."
_FIRST_RECIPES = ("frozen_random", "from_scratch")
_EARLY_STOPPING = "Stopping early keeps a model with a lower validation loss than the last epoch's."
_WORTH_MENTIONING = 0.01  # nats: the kept epoch's loss is the lowest, by a hair at least
_CLAIMS = (
    Claim("ImageNet weights help.", "frozen_imagenet", "frozen_random"),
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


NOT_MEASURED: Ruling = "not measured here"


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
        _judge_early_stopping(rungs),
    ]


def _judge_overfitting(rungs: Mapping[str, Rung]) -> Judgement:
    tested_by = next((name for name in _FIRST_RECIPES if name in rungs), None)
    if tested_by is None:
        return Judgement(_OVERFITTING, _FIRST_RECIPES[0], "", NOT_MEASURED)
    rung = rungs[tested_by]
    overfits = rung.verdict.name == "overfitting"
    train, validation = (rung.result.metric(split, "accuracy") for split in ("train", "validation"))
    measured = f"{rung.verdict.words}: {percent(train)} right on train, {percent(validation)} on validation"
    return Judgement(_OVERFITTING, tested_by, measured, "supported" if overfits else "contradicted")


def _judge(claim: Claim, rungs: Mapping[str, Rung]) -> Judgement:
    rung = rungs.get(claim.recipe)
    compared_with = claim.compared_with or (rung.builds_on if rung else None)
    tested_by = claim.recipe if compared_with is None else f"{claim.recipe} against {compared_with}"
    if rung is None or compared_with is None or compared_with not in rungs:
        return Judgement(claim.words, tested_by, "", NOT_MEASURED)
    comparison = compare(rung.result, rungs[compared_with].result)
    if comparison is None:
        return Judgement(claim.words, tested_by, "on other test pictures", NOT_MEASURED)
    measured = f"{comparison.words} points of test accuracy"
    if comparison.verdict == "tie":
        return Judgement(claim.words, tested_by, measured, "no measurable difference")
    ruling: Ruling = "supported" if comparison.verdict == claim.holds_if else "contradicted"
    return Judgement(claim.words, tested_by, measured, ruling)


def _judge_early_stopping(rungs: list[Rung]) -> Judgement:
    """The kept epoch has the lowest validation loss: the question is how often the last one has too."""
    saved = [_saved_loss(rung) for rung in rungs]
    lower = [loss for loss in saved if loss > _WORTH_MENTIONING]
    measured = (
        f"in {len(lower)} of {plural(len(rungs), 'recipe')} the kept epoch's validation loss is below the "
        f"last one's by more than {_WORTH_MENTIONING}, by {decimal(max(saved))} at most"
    )
    helps = len(lower) > len(rungs) / 2
    return Judgement(
        _EARLY_STOPPING, "every recipe", measured, "supported" if helps else "no measurable difference"
    )


def _saved_loss(rung: Rung) -> float:
    history = rung.result.history
    return history.val_loss[-1] - history.val_loss[history.epoch.index(rung.result.training.best_epoch)]
