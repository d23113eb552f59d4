"""What to try next against a recipe's verdict.

Arrives: a diagnosis, params.yaml, all results. Leaves: a rung to try, and how it did where it was
measured; the verdict's cure in words where no rung helps.
"""

from collections.abc import Mapping
from typing import NamedTuple

from pawtrace.config.params import Params
from pawtrace.diagnosis.diagnosis import Diagnosis
from pawtrace.diagnosis.notes import INPUT_RANGE
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.results.number_words import percent
from pawtrace.results.paired import compare
from pawtrace.results.results import Result, best_result

_OWN_SCALING = "Set train.input_scaling to backbone: the inputs are then scaled as its weights expect."


class NextStep(NamedTuple):
    """What to try next."""

    recipe: str | None  # a rung of params.yaml, where one helps
    sentence: str


def next_rung(
    name: str, diagnosis: Diagnosis, params: Params, results: Mapping[str, Result]
) -> NextStep | None:
    """The thing to try next for a recipe: its input scaling first, then what cures its verdict.

    Args:
      name: of the recipe.
      diagnosis: of the recipe.
      params: of its recipes whose `cures` names the verdict, the one that did best here is taken, else
        the first that was not measured; never the recipe itself nor what it builds on.
      results: of the recipes that were measured, by name.
    Returns:
      None where there is nothing to mend and no rung that is measurably better.
    """
    if INPUT_RANGE in diagnosis.notes:
        return _step(_with_own_scaling(name, params), _OWN_SCALING, name, results)
    cure = VERDICTS[diagnosis.verdict].cure
    if cure is None:
        best = best_result(results.values())
        comparison = compare(best, results[name])
        is_better = comparison is not None and comparison.verdict == "better"
        return _step(best.name, "", name, results) if is_better else None
    lineage = params.lineage(name)
    recipes = [
        candidate
        for candidate, recipe in params.recipes.items()
        if diagnosis.verdict in recipe.cures and candidate not in lineage
    ]
    return _step(_most_promising(recipes, name, results), cure, name, results)


def _most_promising(cures: list[str], name: str, results: Mapping[str, Result]) -> str | None:
    """The best of those that were measured and helped, else the first that was not measured."""
    ours = results[name].metric("validation", "accuracy")
    measured = {cure: results[cure].metric("validation", "accuracy") for cure in cures if cure in results}
    helped = [cure for cure, theirs in measured.items() if theirs > ours]
    if helped:
        return max(helped, key=lambda cure: measured[cure])
    return next((cure for cure in cures if cure not in measured), None)


def _with_own_scaling(name: str, params: Params) -> str | None:
    """The first recipe that scales the inputs of the same weights as these expect."""
    own_train = params.recipe(name).train
    for candidate in params.recipes:
        train = params.recipe(candidate).train
        same_weights = (train.backbone, train.weights) == (own_train.backbone, own_train.weights)
        if same_weights and train.input_scaling == "backbone" and candidate != name:
            return candidate
    return None


def _step(recipe: str | None, advice: str, name: str, results: Mapping[str, Result]) -> NextStep:
    if recipe is None:
        return NextStep(None, advice)
    if recipe not in results:
        return NextStep(recipe, f"Try {recipe}.")
    theirs, ours = (results[recipe_name].metric("test", "accuracy") for recipe_name in (recipe, name))
    return NextStep(
        recipe,
        f"Try {recipe}: here it is right on {percent(theirs)} of the test pictures, "
        f"{name} on {percent(ours)}.",
    )
