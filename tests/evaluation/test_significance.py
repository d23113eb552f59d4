"""The tests behind `better` and `worse`, against published values and scipy."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from pawtrace.evaluation.significance import (
    Vote,
    holm,
    paired_estimate,
    sample_of,
    sign_flip_test,
    votes_of,
    welch,
)


def votes(num_gained: int, num_lost: int, num_examples: int) -> list[Vote]:
    """Votes of examples without duplicates."""
    num_equal = num_examples - num_gained - num_lost
    return [*[Vote(1, 1)] * num_gained, *[Vote(-1, 1)] * num_lost, *[Vote(0, 1)] * num_equal]


def test_without_duplicates_it_is_mcnemars_exact_test() -> None:
    # Fagerland, Lydersen & Laake 2013, table 1 (airway hyper-responsiveness): 1 against 7
    assert sign_flip_test([1, *[-1] * 7]) == pytest.approx(0.0703, abs=5e-5)
    assert sign_flip_test([-1, *[1] * 7]) == sign_flip_test([1, *[-1] * 7])
    assert sign_flip_test([]) == sign_flip_test([0, 0]) == sign_flip_test([1, -1]) == 1


def test_groups_flip_as_a_whole() -> None:
    # all 8 signs of 3, 1, 1 by hand: only +++ and --- are as far from 0 as 5
    assert sign_flip_test([3, 1, 1]) == 0.25
    assert sign_flip_test([3, 1, -1]) == 0.75  # as far as 3: all but the two with 3 against 1 and 1
    assert sign_flip_test([30]) == 1  # one picture, whatever its copies


def test_p_values_of_groups_without_a_difference_are_below_5_percent_at_most_once_in_20() -> None:
    rng, num_trials = np.random.default_rng(0), 1000
    sizes = rng.integers(1, 5, 60)
    num_found = 0
    for _ in range(num_trials):
        signs = rng.choice((-1, 0, 1), 60, p=(0.15, 0.7, 0.15))
        num_found += sign_flip_test((signs * sizes).tolist()) < 0.05
    assert num_found <= 0.065 * num_trials


def test_votes_are_sums_over_groups() -> None:
    right, others_right = [True, True, False, False], [False, True, True, False]
    assert votes_of(right, others_right, "aabc") == [Vote(1, 2), Vote(-1, 1), Vote(0, 1)]


def test_the_paired_interval_is_walds_after_half_an_example_more_in_each_cell() -> None:
    # worked out by hand: 8.5 and 2.5 of 102 examples
    found = paired_estimate(votes(8, 2, 100))
    half = 1.959964 * np.sqrt((8.5 + 2.5) - 6**2 / 102) / 102
    assert (found.low, found.high) == pytest.approx((6 / 102 - half, 6 / 102 + half), abs=1e-6)
    back = paired_estimate(votes(2, 8, 100))
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))
    assert paired_estimate(votes(3, 0, 3)).high == 1


@pytest.mark.parametrize("largest_group", [1, 4])
def test_the_paired_interval_holds_the_true_difference_about_19_times_of_20(largest_group: int) -> None:
    rng, held, num_trials = np.random.default_rng(0), 0, 1500
    for _ in range(num_trials):
        sizes = rng.integers(1, largest_group + 1, 120)
        differences = rng.choice((1, -1, 0), 120, p=(0.10, 0.04, 0.86)) * sizes
        found = paired_estimate([*map(Vote, differences.tolist(), sizes.tolist())])
        held += found.low <= 0.06 <= found.high
    assert 0.93 <= held / num_trials <= 0.975


def test_welch_agrees_with_scipy() -> None:
    ours, theirs = [0.97, 0.965, 0.975, 0.96], [0.96, 0.955, 0.95]
    found, expected = welch(sample_of(ours), sample_of(theirs)), ttest_ind(ours, theirs, equal_var=False)
    assert found is not None
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_one_seed_is_taken_to_vary_as_the_other_recipes_do() -> None:
    # Crawford & Howell's test is Student's with the variance of the larger sample
    ours, theirs = [0.97, 0.965, 0.975, 0.96], [0.93]
    found, expected = welch(sample_of(ours), sample_of(theirs)), ttest_ind(ours, theirs)
    back = welch(sample_of(theirs), sample_of(ours))
    assert found is not None
    assert back is not None
    assert (found.p_value, found.low) == pytest.approx((expected.pvalue, expected.confidence_interval().low))
    assert (back.difference, back.p_value) == pytest.approx((-found.difference, found.p_value))


def test_seeds_without_any_variance_decide_nothing() -> None:
    assert welch(sample_of([0.9, 0.9]), sample_of([0.8, 0.8])) is None
    assert welch(sample_of([0.9]), sample_of([0.8, 0.8])) is None
    assert welch(sample_of([0.9, 0.9]), sample_of([0.8, 0.81])) is not None


def test_holms_adjusted_p_values() -> None:
    # worked out by hand: 4 x 0.005, 3 x 0.01, then the larger of 2 x 0.03 and 1 x 0.04
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
