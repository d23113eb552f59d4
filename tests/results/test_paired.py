import numpy as np
import pytest

from pawtrace.evaluation.predictions import Predictions
from pawtrace.results.paired import compare, mcnemar, paired_interval
from pawtrace.results.results import Result
from tests.results.made_up_results import MadeUp, made_up_result


def result_that_is_right(right: list[bool], *of_further_seeds: float) -> Result:
    """A result that is right on these test examples; each test example is a cat."""
    ids = [f"{number}.jpg" for number in range(len(right))]
    probabilities = np.where(right, 0.1, 0.9)
    test = Predictions(ids, np.zeros(len(right), np.int64), probabilities)
    made_up = made_up_result(MadeUp())
    accuracies = (sum(right) / len(right), *of_further_seeds)
    return made_up._replace(predictions={**made_up.predictions, "test": test}, test_accuracies=accuracies)


def test_mcnemars_exact_test_agrees_with_published_values():
    # Fagerland, Lydersen & Laake 2013, table 1 (airway hyper-responsiveness): 1 against 7
    assert mcnemar(1, 7) == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(7, 1) == mcnemar(1, 7)
    assert mcnemar(0, 0) == 1


def test_the_interval_is_walds_after_half_an_example_more_in_each_cell():
    # worked out by hand: 8.5 and 2.5 of 102 examples
    low, high = paired_interval(8, 2, 100)
    half = 1.959964 * np.sqrt((8.5 + 2.5) - 6**2 / 102) / 102
    assert (low, high) == pytest.approx((6 / 102 - half, 6 / 102 + half), abs=1e-6)
    assert paired_interval(2, 8, 100) == pytest.approx((-high, -low))
    assert paired_interval(3, 0, 3) == pytest.approx((paired_interval(3, 0, 3)[0], 1.0))


def test_the_interval_holds_the_true_difference_about_19_times_of_20():
    rng, held, num_trials = np.random.default_rng(0), 0, 2000
    for gained, lost, _ in rng.multinomial(120, (0.10, 0.04, 0.86), num_trials):
        low, high = paired_interval(gained, lost, 120)
        held += low <= 0.06 <= high
    assert 0.935 <= held / num_trials <= 0.975


def test_a_clear_difference_is_better_one_way_and_worse_the_other():
    good, poor = (
        result_that_is_right([True] * 90 + [False] * 10),
        result_that_is_right([True] * 60 + [False] * 40),
    )
    found = compare(good, poor)
    assert found is not None
    assert found.verdict == "better"
    assert found.difference == pytest.approx(0.3)
    assert found.low < 0.3 < found.high
    back = compare(poor, good)
    assert back is not None
    assert (back.verdict, back.low) == ("worse", pytest.approx(-found.high))


def test_what_mcnemar_cannot_tell_apart_is_a_tie():
    found = compare(
        result_that_is_right([True] * 53 + [False] * 47), result_that_is_right([True] * 50 + [False] * 50)
    )
    assert found is not None
    assert (found.verdict, found.within_seeds) == ("tie", False)
    assert found.p_value == pytest.approx(0.25)


def test_a_difference_within_the_range_of_the_seeds_is_a_tie():
    good, poor = [True] * 90 + [False] * 10, [True] * 70 + [False] * 30
    found = compare(result_that_is_right(good), result_that_is_right(poor, 0.91))
    assert found is not None
    assert (found.verdict, found.within_seeds) == ("tie", True)
    apart = compare(result_that_is_right(good, 0.92), result_that_is_right(poor, 0.71))
    assert apart is not None
    assert (apart.verdict, apart.within_seeds) == ("better", False)


def test_the_order_of_the_examples_does_not_matter_and_other_examples_are_not_compared():
    ours = result_that_is_right([True, False, True, True])
    test = ours.predictions["test"]
    turned = Predictions(test.ids[::-1], test.labels[::-1], test.probabilities[::-1])
    found = compare(ours, ours._replace(predictions={**ours.predictions, "test": turned}))
    assert found is not None
    assert (found.difference, found.p_value) == (0, 1)
    assert compare(ours, result_that_is_right([True, False, True])) is None
    relabelled = Predictions(test.ids, 1 - test.labels, test.probabilities)
    assert compare(ours, ours._replace(predictions={**ours.predictions, "test": relabelled})) is None
