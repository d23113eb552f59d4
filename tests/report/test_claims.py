"""The article's claims are judged by what was measured here, and only by what differs measurably."""

from dataclasses import replace

import numpy as np

from pawtrace.config.params import Params
from pawtrace.diagnosis.facts import Facts
from pawtrace.report.claims import Judgement, judge_claims
from pawtrace.report.ladder import Rung, climb
from pawtrace.report.ladder_markdown import difference_words, ladder_markdown
from pawtrace.results.results import Result
from tests.report.made_up_ladder import DATA, RESULTS, rung
from tests.results.finished_project import RECIPES
from tests.results.made_up_results import MadeUp, ids_of_test, made_up_data, made_up_result


def judged(rungs: list[Rung], tested_by: str) -> Judgement:
    return next(found for found in judge_claims(rungs) if found.tested_by.split()[0] == tested_by)


def without(params: Params, name: str) -> Params:
    kept = {other: recipe for other, recipe in params.recipes.items() if other != name}
    return params.model_copy(update={"recipes": kept})


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
