"""Two recipes compared: on the same pictures, over their seeds, and as one of many comparisons."""

import numpy as np
import pytest

from pawtrace.evaluation.predictions import Predictions
from pawtrace.results.paired import Comparison, compare, corrected, paired_difference
from pawtrace.results.results import Result
from tests.results.made_up_results import MadeUp, made_up_result

MADE_UP = made_up_result(MadeUp())


def right_on(right: list[bool]) -> Predictions:
    """Predictions that are right on these test examples; each test example is a cat."""
    ids = [f"{number}.jpg" for number in range(len(right))]
    return Predictions(ids, np.zeros(len(right), np.int64), np.where(right, 0.1, 0.9))


def result_of(test: Predictions, *accuracies_of_further_seeds: float) -> Result:
    accuracies = (float(np.mean(test.predicted == test.labels)), *accuracies_of_further_seeds)
    return MADE_UP._replace(predictions={**MADE_UP.predictions, "test": test}, test_accuracies=accuracies)


def result_that_is_right(right: list[bool], *of_further_seeds: float) -> Result:
    return result_of(right_on(right), *of_further_seeds)


def compared(ours: Result, theirs: Result) -> Comparison:
    comparison = compare(ours, theirs)
    assert comparison is not None
    return comparison


def result_of_seeds(accuracies: list[float]) -> Result:
    """A result whose kept seed is right on half of the pictures, whatever its seeds' accuracies are."""
    return result_that_is_right([True, False] * 50)._replace(test_accuracies=tuple(accuracies))


def test_a_clear_difference_is_better_one_way_and_worse_the_other() -> None:
    good = result_that_is_right([True] * 90 + [False] * 10)
    poor = result_that_is_right([True] * 60 + [False] * 40)
    found, back = compared(good, poor), compared(poor, good)
    assert (found.verdict, back.verdict) == ("better", "worse")
    assert found.difference == pytest.approx(0.3)
    assert found.low < 0.3 < found.high
    assert back.low == pytest.approx(-found.high)


def test_what_mcnemar_cannot_tell_apart_is_a_tie() -> None:
    found = compared(
        result_that_is_right([True] * 53 + [False] * 47), result_that_is_right([True] * 50 + [False] * 50)
    )
    assert (found.verdict, found.num_seeds) == ("tie", None)
    assert found.p_value == pytest.approx(0.25)


def test_the_order_of_the_examples_does_not_matter_and_other_examples_are_not_compared() -> None:
    ours = result_that_is_right([True, False, True, True])
    test = ours.predictions["test"]
    turned = Predictions(test.ids[::-1], test.labels[::-1], test.probabilities[::-1])
    found = compared(ours, result_of(turned))
    assert (found.difference, found.p_value) == (0, 1)
    assert compare(ours, result_that_is_right([True, False, True])) is None
    assert compare(ours, result_of(Predictions(test.ids, 1 - test.labels, test.probabilities))) is None


def test_more_seeds_find_a_difference_more_often() -> None:
    # DEFECTS N3: means 97.0 and 96.0 %, standard deviation 0.5: more seeds made more ties.
    rng, num_trials, num_found = np.random.default_rng(0), 100, {}
    for num_seeds in (2, 10):
        found = [
            compared(*(result_of_seeds(list(rng.normal(mean, 0.005, num_seeds))) for mean in (0.97, 0.96)))
            for _ in range(num_trials)
        ]
        num_found[num_seeds] = sum(comparison.verdict == "better" for comparison in found)
        assert found[0].num_seeds == (num_seeds, num_seeds)
    assert num_found[2] < num_found[10]
    assert num_found[10] >= 0.95 * num_trials


def test_seeds_of_equal_recipes_differ_about_once_in_20() -> None:
    rng, num_trials = np.random.default_rng(1), 400
    verdicts = [
        compared(*(result_of_seeds(list(rng.normal(0.9, sd, 5))) for sd in (0.01, 0.03))).verdict
        for _ in range(num_trials)
    ]
    assert sum(verdict != "tie" for verdict in verdicts) <= 0.08 * num_trials


def test_means_of_seeds_are_compared_though_the_kept_seeds_say_otherwise() -> None:
    good, poor = [True] * 90 + [False] * 10, [True] * 70 + [False] * 30
    found = compared(result_that_is_right(good, 0.70, 0.71), result_that_is_right(poor, 0.91, 0.72))
    assert (found.verdict, found.num_seeds) == ("tie", (3, 3))
    assert found.difference == pytest.approx((0.90 + 0.70 + 0.71 - 0.70 - 0.91 - 0.72) / 3)


def test_one_seed_against_several_has_their_spread() -> None:
    good, poor = [True] * 90 + [False] * 10, [True] * 70 + [False] * 30
    assert compared(result_that_is_right(good), result_that_is_right(poor, 0.91)).verdict == "tie"
    near = compared(result_that_is_right(good), result_that_is_right(poor, 0.71, 0.69))
    assert (near.verdict, near.num_seeds) == ("better", (1, 3))


def test_seeds_that_do_not_vary_say_nothing_so_the_pictures_decide() -> None:
    one_more = result_that_is_right([True] * 51 + [False] * 49, 0.51, 0.51)
    assert compared(one_more, result_that_is_right([True] * 50 + [False] * 50, 0.5, 0.5)).verdict == "tie"
    clearly = result_that_is_right([True] * 90 + [False] * 10, 0.9)
    found = compared(clearly, result_that_is_right([True] * 50 + [False] * 50, 0.5))
    assert (found.verdict, found.num_seeds) == ("better", None)


def test_copies_of_a_picture_are_one_picture() -> None:
    ours, theirs = [True] * 8 + [False] * 42, [False] * 50
    alone = paired_difference(right_on(ours), right_on(theirs))
    group_of = {f"{number}.jpg": f"group {number % 50}" for number in range(150)}
    copies = [right_on(right * 3).grouped(group_of) for right in (ours, theirs)]
    together, taken_as_many = (
        paired_difference(*copies),
        paired_difference(*map(right_on, (ours * 3, theirs * 3))),
    )
    assert alone is not None
    assert together is not None
    assert taken_as_many is not None
    assert together[:4] == pytest.approx(alone[:4])
    assert taken_as_many.p_value < together.p_value / 1000  # what 150 pictures would prove


def test_one_group_of_many_copies_cannot_make_a_recipe_better() -> None:
    group_of = {f"{number}.jpg": "a burst" for number in range(30)}
    ours = right_on([True] * 30 + [False] * 70).grouped(group_of)
    found = compared(result_of(ours), result_that_is_right([False] * 100))
    assert found.verdict == "tie"
    assert found.low < 0


def comparison_with(p_value: float) -> Comparison:
    return Comparison(0.01, 0.001, 0.02, p_value, "better" if p_value < 0.05 else "tie")


def test_of_many_comparisons_only_those_stay_that_chance_does_not_make() -> None:
    p_values = [0.001, 0.02, 0.4, *[0.9] * 17]
    found = corrected([comparison_with(p_value) for p_value in p_values])
    assert [comparison.verdict for comparison in found] == ["better", *["tie"] * 19]
    assert [comparison.tie_among for comparison in found[:3]] == [None, 20, None]
    alone = corrected([comparison_with(0.02)])
    assert [comparison.verdict for comparison in alone] == ["better"]
    assert corrected([]) == []
