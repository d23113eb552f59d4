"""The cures of a recipe's verdict, each as an edit of params.yaml, with the recipe that tried it here.

Arrives: a recipe's diagnosis, params.yaml, all results. Leaves: `TriedCure`s; those that were measured to be
better come first, those that were measured not to be come last.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pawtrace.config.params import Params, merged
from pawtrace.diagnosis.diagnosis import Diagnosis
from pawtrace.diagnosis.next_step import NextStep, cured
from pawtrace.report.recipe_changes import base_of, difference_of, words_of
from pawtrace.results.paired import Comparison, compare
from pawtrace.results.results import Result

_RANKS = {"better": 0, None: 1, "tie": 2, "worse": 3}


class Measured(NamedTuple):
    """What is known of all recipes."""

    results: Mapping[str, Result]
    comparisons: Mapping[str, Comparison]  # of the ladder: with what each recipe builds on

    def compare(self, recipe: str, name: str, params: Params) -> Comparison | None:
        """One recipe against another: as the ladder says, where it compares the two, too."""
        if base_of(recipe, params) == name:
            return self.comparisons.get(recipe)
        return compare(self.results[recipe], self.results[name])


class Trial(NamedTuple):
    """A recipe that makes the change, measured against the one that needs it."""

    recipe: str
    comparison: Comparison
    besides: str  # what it changes, too; empty: nothing


class TriedCure(NamedTuple):
    """Something to change, and what became of it here."""

    words: str
    edit: dict[str, Any] | None  # of params.yaml; None: no parameter does this
    keras: str | None  # the same in a script of one's own, where it is known
    trial: Trial | None


def tried_cures(
    name: str,
    diagnosis: Diagnosis,
    following: NextStep | None,
    params: Params,
    measured: Measured,
) -> list[TriedCure]:
    """The cures of a recipe.

    Args:
      name: of the recipe.
      diagnosis: of the recipe.
      following: what to try next; a recipe that is better without being one of the cures is one, too.
      params: of all recipes.
      measured: what is known of all recipes.
    """
    train = params.recipe(name).train
    found = []
    for cure in diagnosis.cures:
        edit = difference_of(train.model_dump(mode="json"), cured(train, cure).model_dump(mode="json"))
        trials = _trials(name, edit, diagnosis.verdict, params, measured) if edit else iter(())
        trial = min(trials, key=lambda trial: _order(trial, measured.results), default=None)
        found.append(
            TriedCure(cure.words, _edit_of(name, {"train": edit}) if edit else None, cure.keras, trial)
        )
    found.sort(key=lambda cure: _RANKS[cure.trial and cure.trial.comparison.verdict])
    better = following.recipe if following else None
    proved = {cure.trial.recipe for cure in found if cure.trial}
    if better is not None and better in measured.results and better not in proved:
        found[:0] = _as_cure(better, name, params, measured)
    return found


def _trials(
    name: str, edit: Mapping[str, Any], verdict: str, params: Params, measured: Measured
) -> Iterator[Trial]:
    """Measured recipes that make the edit, and are meant against the verdict or build on the recipe."""
    lineage = params.lineage(name)
    ours = merged(params.recipe(name).train.model_dump(mode="json"), edit)
    for candidate, recipe in params.recipes.items():
        is_meant = verdict in recipe.cures or recipe.builds_on == name
        if candidate in lineage or candidate not in measured.results or not is_meant:
            continue
        theirs = params.recipe(candidate).train.model_dump(mode="json")
        comparison = measured.compare(candidate, name, params)
        if comparison is not None and merged(theirs, edit) == theirs:
            yield Trial(candidate, comparison, words_of(difference_of(ours, theirs), "train"))


def _order(trial: Trial, results: Mapping[str, Result]) -> tuple[int, int, float]:
    """Better ones first, then those that change little besides."""
    accuracy = results[trial.recipe].metric("validation", "accuracy")
    return _RANKS[trial.comparison.verdict], trial.besides.count(": "), -accuracy


def _as_cure(recipe: str, name: str, params: Params, measured: Measured) -> Iterator[TriedCure]:
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
    comparison = measured.compare(recipe, name, params)
    if comparison is not None:
        words = f"Train as recipe {recipe} does."
        yield TriedCure(words, _edit_of(name, edit), None, Trial(recipe, comparison, ""))


def _edit_of(name: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    return {"recipes": {name: {"overrides": overrides}}}
