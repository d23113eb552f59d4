"""The ladder, its answer, what to try next, and the article's claims, on made-up results."""

from dataclasses import replace

import numpy as np
import pytest

from pawtrace.config.params import Params, load_params
from pawtrace.config.recipes import Overrides, Recipe
from pawtrace.diagnosis.diagnosis import Diagnosis
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.next_step import NextStep, next_rung
from pawtrace.report.claims import Judgement, judge_claims
from pawtrace.report.ladder import Rung, best_rung, climb
from pawtrace.report.ladder_markdown import difference_words, ladder_markdown, seeds_words
from pawtrace.report.reason import answer, best_words
from pawtrace.report.recipe_changes import base_of
from pawtrace.results.comparisons import Comparisons, compare_all
from pawtrace.results.results import Result, best_result
from tests.results.finished_project import RECIPES, finish_project
from tests.results.made_up_results import MadeUp, ids_of_test, made_up_data, made_up_result, worse_by

DATA = made_up_data()
RESULTS = {name: made_up_result(made, name) for name, made in RECIPES.items()}


@pytest.fixture(scope="module")
def params(tmp_path_factory) -> Params:
    root = tmp_path_factory.mktemp("finished")
    finish_project(root)
    return load_params(root / "params.yaml")


@pytest.fixture(scope="module")
def rungs(params) -> list[Rung]:
    return climb(params, RESULTS, DATA)


def rung(rungs: list[Rung], name: str) -> Rung:
    return next(rung for rung in rungs if rung.recipe == name)


def compared(params: Params, results: dict[str, Result]) -> Comparisons:
    bases = {name: base for name in results if (base := base_of(name, params)) is not None}
    return compare_all(results, bases)


def next_of(name: str, diagnosis: Diagnosis, params: Params, results: dict[str, Result]) -> NextStep | None:
    return next_rung(name, diagnosis, params, compared(params, results))


def judged(rungs: list[Rung], tested_by: str) -> Judgement:
    return next(found for found in judge_claims(rungs) if found.tested_by.split()[0] == tested_by)


def without(params: Params, name: str) -> Params:
    kept = {other: recipe for other, recipe in params.recipes.items() if other != name}
    return params.model_copy(update={"recipes": kept})


def test_each_rung_has_its_verdict(rungs):
    assert {rung.recipe: rung.verdict.words for rung in rungs} == {
        "frozen_random": "dead",
        "from_scratch": "unstable",
        "finetune_all": "overfitting",
        "finetune_augmented": "healthy",
        "own_preprocessing": "healthy",
        "gradual_unfreeze": "healthy",
        "mobilenet": "label noise",
    }


def test_each_rung_is_compared_with_what_it_builds_on(rungs):
    own = rung(rungs, "own_preprocessing")
    assert own.comparison is not None
    assert own.comparison.verdict == "better"
    assert difference_words(own).endswith("to finetune_all: better")
    assert difference_words(rung(rungs, "from_scratch")) == ""
    assert "measured on other test pictures" in difference_words(rung(rungs, "mobilenet"))


def test_seeds_have_a_mean_and_a_range(rungs):
    augmented = rung(rungs, "finetune_augmented")
    assert augmented.seeds == pytest.approx(((0.925 + 0.93 + 0.92) / 3, 0.92, 0.93))
    assert seeds_words(augmented) == "3 seeds: mean 92.5, 92.0 to 93.0"
    assert rung(rungs, "own_preprocessing").seeds is None


def test_the_best_rung_is_chosen_on_validation(rungs):
    best = max(rungs, key=lambda rung: rung.result.metric("validation", "accuracy"))
    assert best_rung(rungs) is best
    assert best_rung([rungs[0]]) is rungs[0]


def test_the_answer_is_the_first_ones_trouble_what_to_try_and_the_best_rung(rungs):
    first, following, best = answer(rungs)
    assert first.startswith("Why frozen_random reaches only 47.5 %: ")
    assert rungs[0].diagnosis.sentence in first
    assert following == rungs[0].next.sentence
    assert best.startswith("Best of 7 recipes: own_preprocessing, 96.2 % correct")


def test_the_answer_of_a_healthy_recipe_alone_is_that_it_is_healthy(rungs):
    (only,) = answer([best_rung(rungs)._replace(next=None)])
    assert only.startswith("own_preprocessing is healthy: ")


def test_nothing_is_called_the_best_that_is_no_better_than_guessing(rungs):
    guessing = rung(rungs, "frozen_random")
    alone = best_words([guessing])
    assert alone.startswith("frozen_random is not measurably better than guessing")
    said = best_words([guessing, guessing])
    assert said.startswith("No recipe is measurably better than guessing")
    assert "Always answering “" in said
    assert "Best" not in said
    assert said in answer([guessing, guessing])


@pytest.mark.parametrize(
    ("num_wrong", "num_weights", "said"),
    [
        (2, 10, "Highest accuracy of 2 recipes: own_preprocessing, "),
        (
            2,
            10,
            "no measurable difference to small on the validation pictures. The smallest of these is small",
        ),
        (2, 10**9, "Best of 2 recipes: own_preprocessing, "),
        (2, 10**9, "no measurable difference to small"),
        (40, 10, "Best of 2 recipes: own_preprocessing, "),
    ],
)
def test_nothing_is_called_the_best_in_a_tie_with_a_smaller_one(rungs, num_wrong, num_weights, said):
    best = best_rung(rungs)
    worse = worse_by(num_wrong, "validation", best.result)
    training = worse.training.model_copy(update={"num_weights": num_weights})
    result = worse._replace(name="small", training=training)
    metrics = result.evaluation.metrics | {
        "validation": result.evaluation.metrics["validation"] | {"accuracy": 0}
    }
    other = best._replace(
        result=result._replace(evaluation=result.evaluation.model_copy(update={"metrics": metrics}))
    )
    words = best_words([best, other])
    assert said in words
    assert ("measurable" in words) == (num_wrong == 2)


def test_the_best_of_many_candidates_may_be_better_by_chance():
    """Right on 6 pictures more is better on its own (p = 0.03), and not as one of 20."""
    luckier = RESULTS["own_preprocessing"]._replace(name="luckier")
    base = worse_by(6, "test", luckier)._replace(name="base")
    alike = {f"alike{i}": base._replace(name=f"alike{i}") for i in range(19)}
    results = {"base": base, "luckier": luckier, **alike}
    free = compare_all(results, {})
    assert free.against("base", ["luckier"])["luckier"].verdict == "better"
    among_many = free.against("base", ["luckier", *alike])["luckier"]
    assert (among_many.verdict, among_many.tie_among) == ("tie", 20)
    # What the ladder compares is judged as the ladder judges it, whoever asks.
    ladder = compare_all(results, dict.fromkeys(["luckier", *alike], "base"))
    assert ladder.against("base", ["luckier"])["luckier"] == ladder.ladder["luckier"] == among_many


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


def test_claims_follow_from_the_comparisons(rungs):
    assert judged(rungs, "frozen_random").ruling == "contradicted"  # dead, not overfitting
    assert judged(rungs, "own_preprocessing").ruling == "contradicted"  # 1/255 is worse
    assert judged(rungs, "finetune_augmented").ruling == "supported"
    assert judged(rungs, "gradual_unfreeze").ruling == "no measurable difference"
    assert judged(rungs, "gradual_unfreeze").tested_by == "gradual_unfreeze against own_preprocessing"
    assert judged(rungs, "mobilenet").measured == "on other test pictures"
    assert judged(rungs, "mobilenet").ruling == "not measured here"
    assert [found.claim for found in judge_claims(rungs)][:2] == ["It overfits.", "Augmentation | <helps>."]


def test_only_claims_of_recipes_are_judged_and_overfitting_supports_that_it_overfits(params):
    results = {**RESULTS, "frozen_random": made_up_result(RECIPES["finetune_all"], "frozen_random")}
    first = judge_claims(climb(params, results, DATA))[0]
    assert (first.tested_by, first.ruling) == ("frozen_random", "supported")
    assert "overfitting" in first.measured
    del results["frozen_random"]
    others = judge_claims(climb(without(params, "frozen_random"), results, DATA))
    assert first.claim not in [found.claim for found in others]


def test_overfitting_is_judged_by_its_own_finding_whatever_else_is_wrong(params):
    results = {**RESULTS, "frozen_random": made_up_result(RECIPES["finetune_all"], "frozen_random")}
    leaks = made_up_data(like_train={"test": ids_of_test(40)})
    rungs = climb(params, results, leaks)
    assert rung(rungs, "frozen_random").verdict.name == "leaking"
    assert judged(rungs, "frozen_random").ruling == "supported"
    alone = climb(params, RESULTS, leaks)
    assert judged(alone, "frozen_random").ruling == "contradicted"  # it leaks and is dead


def test_a_gap_that_may_be_chance_neither_supports_nor_contradicts_that_it_overfits(params):
    few = MadeUp(1.4, 0.92, sizes={"train": 120, "validation": 26, "test": 26})
    result = made_up_result(few, "frozen_random")
    found = climb(params, {**RESULTS, "frozen_random": result}, DATA)
    facts = Facts(result, DATA, params.diagnose, params.recipe("frozen_random").train)
    assert facts.gap > params.diagnose.overfitting_gap
    assert judged(found, "frozen_random").ruling == "no measurable difference"


def test_what_is_true_by_construction_supports_nothing(params):
    late = MadeUp(val_losses=(0.6, 0.5, 0.4, 0.3, 0.2, 0.3, 0.4, 0.5, 0.6))
    results = {name: made_up_result(late, name) for name in params.recipes}
    judgement = judge_claims(climb(params, results, DATA))[-1]
    assert "early" in judgement.claim
    assert judgement.ruling == "not measured here"
    assert judgement.claim in ladder_markdown(climb(params, results, DATA), [judgement])


def test_a_difference_that_many_comparisons_explain_is_a_tie_in_ladder_and_claims(params):
    def right_more(num_right: int, name: str) -> Result:
        result = RESULTS["own_preprocessing"]
        test = result.predictions["test"]
        right = np.arange(len(test.ids)) < num_right
        predictions = {
            **result.predictions,
            "test": replace(test, probabilities=np.abs(right - 1 + test.labels)),
        }
        return result._replace(name=name, predictions=predictions)

    # 6 pictures more, none less: p 0.03 for one comparison, not for six
    results = {name: right_more(70, name) for name in params.recipes if name != "mobilenet"}
    results["gradual_unfreeze"] = right_more(76, "gradual_unfreeze")
    rungs = climb(without(params, "mobilenet"), results, DATA)
    found = rung(rungs, "gradual_unfreeze")
    assert found.comparison is not None
    assert found.comparison.p_value < 0.05
    assert (found.comparison.verdict, found.comparison.tie_among) == ("tie", 5)
    assert judged(rungs, "gradual_unfreeze").ruling == "no measurable difference"
    assert "one of 5 comparisons" in difference_words(found)
    assert "makes 5 such comparisons" in ladder_markdown(rungs, [])


def test_the_markdown_leads_with_the_answer_and_keeps_its_columns(rungs):
    judgements = judge_claims(rungs)
    text = ladder_markdown(rungs, judgements)
    assert text.splitlines()[2].startswith("Why frozen_random reaches only 47.5 %")
    assert "Best of 7 recipes: own_preprocessing, 96.2 %" in text.splitlines()[2]
    tables = [[line for line in part.splitlines() if line.startswith("|")] for part in text.split("## ")]
    assert [len(table) for table in tables] == [2 + 7, 2 + len(judgements)]
    assert "Augmentation \\| &lt;helps>." in text
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    hostile = rungs[0]._replace(change="a | b\n<c>")
    assert "a \\| b &lt;c>" in ladder_markdown([hostile], [])
