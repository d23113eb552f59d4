"""What to try next: the cure that did best here, else the likeliest one, else nothing."""

from pawtrace.config.params import Params
from pawtrace.config.recipes import Overrides, Recipe
from pawtrace.diagnosis.diagnosis import Diagnosis
from pawtrace.diagnosis.next_step import NextStep, next_rung
from pawtrace.report.ladder import climb
from pawtrace.report.recipe_changes import base_of
from pawtrace.results.comparisons import Comparisons, compare_all
from pawtrace.results.results import Result, best_result
from tests.report.made_up_ladder import DATA, RESULTS, rung
from tests.results.made_up_results import MadeUp, made_up_result


def compared(params: Params, results: dict[str, Result]) -> Comparisons:
    bases = {name: base for name in results if (base := base_of(name, params)) is not None}
    return compare_all(results, bases)


def next_of(name: str, diagnosis: Diagnosis, params: Params, results: dict[str, Result]) -> NextStep | None:
    return next_rung(name, diagnosis, params, compared(params, results))


def test_a_cure_is_another_recipe_that_names_the_verdict(params, rungs):
    found = rung(rungs, "frozen_random").next
    assert found is not None
    assert found.recipe == "gradual_unfreeze"
    assert found.sentence.startswith("Try gradual_unfreeze: its test accuracy is 96.2 %")
    assert "that of frozen_random 47.5 %; on the same pictures +48.8 (" in found.sentence
    dead = rung(rungs, "frozen_random").diagnosis
    # Nothing measured: the likeliest cure by the facts, and the command that tries it.
    unmeasured = {"frozen_random": RESULTS["frozen_random"]}
    found = next_of("frozen_random", dead, params, unmeasured)
    assert found.cure == dead.cures[0]
    assert "pawtrace cure frozen_random" in found.sentence


def test_of_several_cures_the_one_that_did_best_here_is_taken(params, rungs):
    dead = rung(rungs, "frozen_random").diagnosis
    cures = {name: recipe.model_copy(update={"cures": ("dead",)}) for name, recipe in params.recipes.items()}
    every = params.model_copy(update={"recipes": cures})
    assert next_of("frozen_random", dead, every, RESULTS).recipe == best_result(RESULTS.values()).name


def test_what_a_neighbour_measured_as_no_better_is_not_advised(params, rungs):
    """A recipe that is this one with the cure stands beside it, and is a tie or worse."""
    name = "finetune_all"
    overfitting = rung(rungs, name).diagnosis
    first, second = [cure for cure in overfitting.cures if cure.overrides is not None][:2]
    neighbour = Recipe(question="?", builds_on=name, overrides=Overrides(train=first.overrides))
    both = params.model_copy(update={"recipes": {name: params.recipes[name], "neighbour": neighbour}})
    alone = {name: RESULTS[name]}
    assert next_of(name, overfitting, both, alone).recipe == "neighbour"
    tie = alone | {"neighbour": RESULTS[name]._replace(name="neighbour")}
    assert next_of(name, overfitting, both, tie).cure == second
    better = alone | {"neighbour": RESULTS["own_preprocessing"]._replace(name="neighbour")}
    found = next_of(name, overfitting, both, better)
    assert (found.recipe, found.cure) == ("neighbour", None)


def test_healthy_is_told_the_best_rung_or_nothing(params):
    healthy = rung(climb(params, RESULTS, DATA), "own_preprocessing").diagnosis
    assert next_of("own_preprocessing", healthy, params, RESULTS) is None
    weaker = made_up_result(MadeUp(1.0, 1.0), "mobilenet")
    assert (
        next_of("mobilenet", healthy, params, RESULTS | {"mobilenet": weaker}).recipe == "own_preprocessing"
    )
    alike = RESULTS["own_preprocessing"]._replace(name="mobilenet")
    assert next_of("mobilenet", healthy, params, RESULTS | {"mobilenet": alike}) is None


def test_every_verdict_has_advice_where_no_recipe_cures_it(params, rungs):
    for name in ("frozen_random", "from_scratch", "finetune_all", "mobilenet"):
        alone = params.model_copy(
            update={"recipes": {name: params.recipes[name].model_copy(update={"builds_on": None})}}
        )
        found = next_of(name, rung(rungs, name).diagnosis, alone, {name: RESULTS[name]})
        assert found.recipe is None
        assert found.cure is not None
