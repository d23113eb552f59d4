"""The cures of a recipe's verdict, each as an edit of params.yaml, with the recipe that tried it here.

Arrives: a recipe's diagnosis, params.yaml, all results. Leaves: `TriedCure`s; those that were measured to be
better come first, those that were measured not to be come last.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pawtrace.config.params import Params, merged
from pawtrace.diagnosis.cures.keras_script import keras_script
from pawtrace.diagnosis.diagnosis import Diagnosis
from pawtrace.diagnosis.next_step import NextStep, cured
from pawtrace.report.recipe_changes import difference_of, words_of
from pawtrace.results.comparisons import Comparisons
from pawtrace.results.paired import Comparison
from pawtrace.results.results import Result

_RANKS = {"better": 0, None: 1, "tie": 2, "worse": 3}


class Trial(NamedTuple):
    """A recipe that makes the change, measured against the one that needs it."""

    recipe: str
    comparison: Comparison
    besides: str  # what it changes, too; empty: nothing


class TriedCure(NamedTuple):
    """Something to change, and what became of it here."""

    words: str
    edit: dict[str, Any] | None  # of params.yaml; None: no parameter does this
    keras: str  # the same in a script of one's own
    trial: Trial | None
    is_recipe: bool = False  # all that a better recipe does otherwise


def tried_cures(
    name: str,
    diagnosis: Diagnosis,
    following: NextStep | None,
    params: Params,
    comparisons: Comparisons,
) -> list[TriedCure]:
    """The cures of a recipe.

    Args:
      name: of the recipe.
      diagnosis: of the recipe.
      following: what to try next; a recipe that is better without being one of the cures is one, too.
      params: of all recipes.
      comparisons: of the recipes that were measured.
    """
    train = params.recipe(name).train
    found, trying = [], _meant_for(name, diagnosis.verdict, params, comparisons)
    for cure in diagnosis.cures:
        edit = difference_of(train.model_dump(mode="json"), cured(train, cure).model_dump(mode="json"))
        trials = _trials(name, edit, params, trying) if edit else iter(())
        trial = min(trials, key=lambda trial: _order(trial, comparisons.results), default=None)
        found.append(
            TriedCure(cure.words, _edit_of(name, {"train": edit}) if edit else None, cure.keras, trial)
        )
    found.sort(key=lambda cure: _RANKS[cure.trial and cure.trial.comparison.verdict])
    better = following.recipe if following else None
    proved = {cure.trial.recipe for cure in found if cure.trial}
    if better is not None and better in comparisons.results and better not in proved:
        found[:0] = _as_cure(better, name, params, trying | comparisons.against(name, [better]))
    return found


def _meant_for(name: str, verdict: str, params: Params, comparisons: Comparisons) -> dict[str, Comparison]:
    """The measured recipes that are meant against the verdict or build on the recipe, against it."""
    lineage = params.lineage(name)
    meant = [
        candidate
        for candidate, recipe in params.recipes.items()
        if candidate not in lineage and (verdict in recipe.cures or recipe.builds_on == name)
    ]
    return comparisons.against(name, meant)


def _trials(
    name: str, edit: Mapping[str, Any], params: Params, trying: Mapping[str, Comparison]
) -> Iterator[Trial]:
    """Of the recipes that try something, those that make the edit."""
    ours = merged(params.recipe(name).train.model_dump(mode="json"), edit)
    for candidate, comparison in trying.items():
        theirs = params.recipe(candidate).train.model_dump(mode="json")
        if merged(theirs, edit) == theirs:
            yield Trial(candidate, comparison, words_of(difference_of(ours, theirs), "train"))


def _order(trial: Trial, results: Mapping[str, Result]) -> tuple[int, int, float]:
    """Better ones first, then those that change little besides."""
    accuracy = results[trial.recipe].metric("validation", "accuracy")
    return _RANKS[trial.comparison.verdict], trial.besides.count(": "), -accuracy


def _as_cure(recipe: str, name: str, params: Params, trying: Mapping[str, Comparison]) -> Iterator[TriedCure]:
    """A better recipe as a cure: all that it does otherwise."""
    ours, theirs = params.recipe(name), params.recipe(recipe)
    edit = {
        section: changed
        for section in ("train", "evaluate")
        if (
            changed := difference_of(
                getattr(ours, section).model_dump(mode="json"),
                getattr(theirs, section).model_dump(mode="json"),
            )
        )
    }
    if recipe in trying:
        words = f"Train as recipe {recipe} does."
        trial = Trial(recipe, trying[recipe], "")
        yield TriedCure(words, _edit_of(name, edit), keras_script(theirs), trial, is_recipe=True)


def _edit_of(name: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    return {"recipes": {name: {"overrides": overrides}}}
