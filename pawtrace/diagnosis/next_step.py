"""What to try next against a recipe's verdict.

Arrives: a diagnosis with its cures, params.yaml, all results. Leaves: a recipe that was measured to be
better, else the likeliest cure that no recipe has tried yet. A cure that another recipe has tried without
success is not advised.
"""

from typing import NamedTuple

from pawtrace.config.params import Params, merged
from pawtrace.config.train_params import TrainParams
from pawtrace.diagnosis.cures.steps import Cure
from pawtrace.diagnosis.diagnosis import Diagnosis
from pawtrace.results.comparisons import Comparisons
from pawtrace.results.number_words import percent
from pawtrace.results.paired import Comparison
from pawtrace.results.results import best_result


class NextStep(NamedTuple):
    """What to try next."""

    recipe: str | None  # a recipe of params.yaml, where one is a cure
    sentence: str
    cure: Cure | None = None  # what to change, where no recipe has proved better


def next_rung(name: str, diagnosis: Diagnosis, params: Params, comparisons: Comparisons) -> NextStep | None:
    """The thing to try next for a recipe.

    Args:
      name: of the recipe.
      diagnosis: of the recipe.
      params: recipes that change what a cure changes, or whose `cures` names the verdict, are its
        neighbours; never the recipe itself nor what it builds on.
      comparisons: of the recipes that were measured.
    Returns:
      None where there is nothing to mend and no recipe that is measurably better.
    """
    results = comparisons.results
    if diagnosis.verdict == "healthy":
        better = _better(name, [best_result(results.values()).name], comparisons)
        return _proven(name, better, comparisons) if better else None
    lineage = params.lineage(name)
    named = [
        candidate
        for candidate, recipe in params.recipes.items()
        if diagnosis.verdict in recipe.cures and candidate not in lineage
    ]
    same = {cure.name: _recipe_like(cure, name, params) for cure in diagnosis.cures}
    candidates = [*named, *(recipe for recipe in same.values() if recipe is not None)]
    better = _better(name, candidates, comparisons)
    if better:
        return _proven(name, better, comparisons)
    untried = [cure for cure in diagnosis.cures if same[cure.name] not in results]
    if untried:
        cure = untried[0]
        tried_by = same[cure.name]
        command = f" The recipe {tried_by} does this." if tried_by else ""
        if cure.overrides is not None and tried_by is None:
            command = f" To try it: pawtrace cure {name}"
        return NextStep(tried_by, cure.words + command, cure)
    unmeasured = next((each for each in named if each not in results), None)
    return None if unmeasured is None else NextStep(unmeasured, f"Try {unmeasured}.")


def cured(train: TrainParams, cure: Cure) -> TrainParams:
    """A recipe's params with a cure laid over them."""
    return TrainParams.model_validate(merged(train.model_dump(mode="json"), cure.overrides or {}))


def _recipe_like(cure: Cure, name: str, params: Params) -> str | None:
    """A recipe that is this recipe with the cure, and nothing else."""
    if cure.overrides is None:
        return None
    wanted = cured(params.recipe(name).train, cure)
    return next((each for each in params.recipes if params.recipe(each).train == wanted), None)


def _better(name: str, candidates: list[str], comparisons: Comparisons) -> dict[str, Comparison]:
    found = comparisons.against(name, candidates)
    return {each: comparison for each, comparison in found.items() if comparison.verdict == "better"}


def _proven(name: str, better: dict[str, Comparison], comparisons: Comparisons) -> NextStep:
    results = comparisons.results
    recipe = best_result(results[each] for each in better).name
    theirs, ours = (percent(results[each].metric("test", "accuracy")) for each in (recipe, name))
    return NextStep(
        recipe,
        f"Try {recipe}: its test accuracy is {theirs}, that of {name} {ours}; on the same pictures "
        f"{better[recipe].words} points.",
    )
