"""Cures with the recipe that tried them here, on made-up results."""

from typing import Any

import pytest

from pawtrace.config.params import Params, merged
from pawtrace.config.recipes import Overrides, Recipe
from pawtrace.diagnosis.next_step import cured
from pawtrace.report.ladder import Rung, climb
from pawtrace.results.results import Result
from tests.report.conftest import Finished

NAME = "finetune_all"  # overfits


@pytest.fixture
def overfitting(finished: Finished) -> Rung:
    return finished.rung(NAME)


def with_recipe(finished: Finished, result: Result, **changes: Any) -> Rung:
    """The rung of NAME, where a recipe beside it makes its first cure, and these changes."""
    cure = next(each for each in finished.rung(NAME).diagnosis.cures if each.overrides is not None)
    recipe = Recipe(
        question="?", builds_on=NAME, overrides=Overrides(train=merged(cure.overrides or {}, changes))
    )
    params = finished.params
    pair: Params = params.model_copy(update={"recipes": {NAME: params.recipes[NAME], "treated": recipe}})
    results = {NAME: finished.results[NAME], "treated": result._replace(name="treated")}
    return climb(pair, results, finished.data)[0]


def test_an_edit_is_the_smallest_that_makes_the_cure(finished: Finished) -> None:
    for rung in finished.rungs:
        train = finished.params.recipe(rung.recipe).train
        edits = {cure.words: cure.edit for cure in rung.cures}
        for cure in rung.diagnosis.cures:
            if cure.overrides is None:
                assert edits[cure.words] is None
                continue
            edit = edits[cure.words]
            assert edit is not None
            overrides = edit["recipes"][rung.recipe]["overrides"]["train"]
            before, after = (each.model_dump(mode="json") for each in (train, cured(train, cure)))
            assert merged(before, overrides) == after
            assert all(before[key] != value for key, value in overrides.items())


def test_a_recipe_that_makes_the_cure_and_is_better_proves_it(finished: Finished) -> None:
    first, *_ = with_recipe(finished, finished.results["own_preprocessing"]).cures
    assert first.trial is not None
    assert (first.trial.recipe, first.trial.comparison.verdict, first.trial.besides) == (
        "treated",
        "better",
        "",
    )
    assert first.keras


def test_what_the_recipe_changes_besides_is_said(finished: Finished) -> None:
    first, *_ = with_recipe(finished, finished.results["own_preprocessing"], batch_size=7).cures
    assert first.trial is not None
    assert first.trial.besides == "train.batch_size: 7"


def test_a_cure_that_was_measured_as_no_better_comes_after_those_that_nobody_tried(
    finished: Finished, overfitting: Rung
) -> None:
    *others, last = with_recipe(finished, finished.results[NAME]).cures
    assert last.trial is not None
    assert last.trial.comparison.verdict == "tie"
    assert last.words == overfitting.diagnosis.cures[0].words
    assert all(cure.trial is None for cure in others)


def test_a_recipe_that_lacks_the_cure_is_no_proof(finished: Finished) -> None:
    cure = next(each for each in finished.rung(NAME).diagnosis.cures if each.overrides is not None)
    (key,) = cure.overrides or {}
    as_before = getattr(finished.params.recipe(NAME).train, key)
    kept = as_before.model_dump() if hasattr(as_before, "model_dump") else as_before
    cures = with_recipe(finished, finished.results["own_preprocessing"], **{key: kept}).cures
    assert all(each.trial is None for each in cures if each.words == cure.words)


def test_a_better_recipe_that_is_no_known_cure_is_a_cure_by_its_own_edit(finished: Finished) -> None:
    recipe = Recipe(
        question="?",
        cures=("overfitting",),
        overrides=Overrides(train={"weights": "imagenet", "batch_size": 7}),
    )
    params = finished.params.model_copy(
        update={"recipes": {NAME: finished.params.recipes[NAME], "other": recipe}}
    )
    better = finished.results["own_preprocessing"]._replace(name="other")
    first, *others = climb(params, {NAME: finished.results[NAME], "other": better}, finished.data)[0].cures
    assert first.edit == {"recipes": {NAME: {"overrides": {"train": {"batch_size": 7}}}}}
    assert first.trial is not None
    assert (first.trial.recipe, first.trial.comparison.verdict) == ("other", "better")
    assert first.keras is not None
    assert "batches of 7" in first.keras
    assert others[0].keras
