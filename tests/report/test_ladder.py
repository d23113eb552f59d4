"""The ladder and its answer: verdicts, comparisons, and which recipe may be called the best."""

import pytest

from pawtrace.report.claims import judge_claims
from pawtrace.report.ladder import best_rung
from pawtrace.report.ladder_markdown import difference_words, ladder_markdown, seeds_words
from pawtrace.report.reason import answer, best_words
from pawtrace.results.comparisons import compare_all
from tests.report.made_up_ladder import RESULTS, rung
from tests.results.made_up_results import worse_by


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
        (2, 10, "Highest validation accuracy of 2 recipes: own_preprocessing, "),
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


@pytest.mark.parametrize(("share", "is_named"), [(0.3, True), (0.9, False)])
def test_nothing_is_called_the_best_in_a_tie_with_one_that_trains_much_quicker(rungs, share, is_named):
    best = best_rung(rungs)
    duration_s = share * best.result.training.duration_s
    training = best.result.training.model_copy(update={"duration_s": duration_s})
    metrics = best.result.evaluation.metrics
    worse = metrics | {"validation": metrics["validation"] | {"accuracy": 0}}
    evaluation = best.result.evaluation.model_copy(update={"metrics": worse})
    quick = best.result._replace(name="quick", training=training, evaluation=evaluation)
    words = best_words([best, best._replace(result=quick)])
    assert words.startswith("Highest validation accuracy of 2" if is_named else "Best of 2")
    assert (f"The quickest to train of these is quick: {duration_s:,.0f} s" in words) == is_named


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
