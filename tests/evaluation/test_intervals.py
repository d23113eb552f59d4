import math
import time
from statistics import fmean

import numpy as np
import pytest

from pawtrace.evaluation.intervals import Z, auc_interval, intervals, mean_of_shares, wilson
from pawtrace.evaluation.metrics import measure
from pawtrace.evaluation.predictions import Predictions
from tests.results.made_up_results import EVALUATE, made_up_predictions


def test_wilson_agrees_with_published_values():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_every_interval_holds_its_estimate_and_stays_within_the_metrics_range():
    made_up = made_up_predictions(0.8, 120)
    estimates = measure(made_up, EVALUATE.calibration_bins)
    for name, (low, high) in intervals(made_up, EVALUATE).items():
        assert 0 <= low <= estimates[name] <= high, name
        assert name == "log_loss" or high <= 1, name


def test_the_same_seed_gives_the_same_interval_and_another_seed_nearly_the_same():
    made_up = made_up_predictions(0.8, 120)
    first = intervals(made_up, EVALUATE)
    other = intervals(made_up, EVALUATE.model_copy(update={"bootstrap_seed": 1}))
    assert first == intervals(made_up, EVALUATE)
    assert first["accuracy"] == other["accuracy"]
    assert first["log_loss"] != other["log_loss"]
    assert first["log_loss"] == pytest.approx(other["log_loss"], abs=0.05)


def test_intervals_hold_the_value_of_the_whole_population_about_19_times_of_20():
    population = made_up_predictions(0.8, 40_000)
    truth = measure(population, 10)
    held = dict.fromkeys(truth, 0)
    rng, num_trials = np.random.default_rng(0), 150
    for _ in range(num_trials):
        drawn = rng.choice(40_000, 200, replace=False)
        sample = Predictions(
            [population.ids[n] for n in drawn], population.labels[drawn], population.probabilities[drawn]
        )
        for name, (low, high) in intervals(sample, EVALUATE).items():
            held[name] += low <= truth[name] <= high
    for name, count in held.items():
        least = 0.8 if name == "calibration_error" else 0.9
        assert least * num_trials <= count, (name, count)


def all_right(num_examples: int, sureness: float) -> Predictions:
    labels = np.arange(num_examples) % 2
    return Predictions(
        [str(n) for n in range(num_examples)], labels, np.where(labels, sureness, 1 - sureness)
    )


@pytest.mark.parametrize("sureness", [0.6, 0.99, 1.0])
def test_20_of_20_right_leave_room_for_mistakes_in_every_metric(sureness: float) -> None:
    found = intervals(all_right(20, sureness), EVALUATE)
    for name in ("accuracy", "balanced_accuracy", "roc_auc"):
        low, high = found[name]
        assert (0.6 < low < 0.9, high) == (True, 1.0), name
    for name in ("log_loss", "brier_score", "calibration_error"):
        low, high = found[name]
        assert high > low + (0.05 if sureness > 0.9 else 0.01), name
    all_wrong = intervals(all_right(20, 1 - sureness), EVALUATE)
    assert all_wrong["roc_auc"] == pytest.approx((0.0, 1 - found["roc_auc"][0]))
    assert all_wrong["balanced_accuracy"] == pytest.approx((0.0, 1 - found["balanced_accuracy"][0]))


def test_the_interval_of_a_mean_of_shares_is_that_of_each_if_they_are_equally_wide() -> None:
    # worked out by hand: ends that are 0.1 and 0.2 away, twice
    assert mean_of_shares([0.5, 0.6], [(0.4, 0.7), (0.5, 0.8)]) == pytest.approx(
        (0.55 - 0.1 / math.sqrt(2), 0.55 + 0.2 / math.sqrt(2))
    )
    assert mean_of_shares([1.0, 1.0], [(0.0, 1.0), (0.0, 1.0)])[1] == 1.0


@pytest.mark.parametrize("auc", [0.5, 0.8, 0.97])
def test_the_ends_of_the_areas_interval_are_a_standard_error_of_their_own_away(auc: float) -> None:
    # the variance of Hanley & McNeil 1982, of which method 5 replaces both sizes by their mean
    num_cats, num_dogs = 12, 20

    def error_of(area: float) -> float:
        of_dogs, of_cats = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
        further = (num_cats + num_dogs) / 2 - 1
        return math.sqrt((area * (1 - area) + further * (of_dogs + of_cats)) / (num_cats * num_dogs))

    low, high = auc_interval(auc, num_cats, num_dogs)
    assert 0 < low < auc < high < 1
    assert (auc - low, high - auc) == pytest.approx((Z * error_of(low), Z * error_of(high)))


def test_copies_of_pictures_narrow_no_interval() -> None:
    made_up = made_up_predictions(0.8, 60)
    ids = [f"{id} {copy}" for copy in range(3) for id in made_up.ids]
    copies = Predictions(ids, np.tile(made_up.labels, 3), np.tile(made_up.probabilities, 3))
    grouped = copies.grouped({id: id.rsplit(" ", 1)[0] for id in ids})
    of_one, of_copies, of_as_many = (intervals(each, EVALUATE) for each in (made_up, grouped, copies))
    for name, (low, high) in of_one.items():
        is_resampled = name in ("log_loss", "brier_score", "calibration_error")
        assert of_copies[name] == pytest.approx(
            (low, high), abs=0.2 * (high - low) if is_resampled else 1e-9
        ), name
        narrowed = of_as_many[name][1] - of_as_many[name][0] < 0.8 * (high - low)
        assert narrowed or name == "calibration_error", name


def test_a_burst_of_one_picture_makes_the_intervals_wide() -> None:
    right = all_right(100, 0.9)
    burst = right.grouped(
        {id: f"burst of {label}" for id, label in zip(right.ids[:60], right.labels, strict=False)}
    )
    assert intervals(burst, EVALUATE)["accuracy"][0] < 0.75 < intervals(right, EVALUATE)["accuracy"][0]


@pytest.mark.parametrize(("separation", "num_examples"), [(0.8, 20), (2.2, 20), (2.2, 60)])
def test_intervals_of_few_examples_hold_near_the_edges_too(separation: float, num_examples: int) -> None:
    population = made_up_predictions(separation, 20_000)
    truth, rng, num_trials = measure(population, 10), np.random.default_rng(0), 200
    held, widths = dict.fromkeys(truth, 0), {name: [] for name in truth}
    of_labels = [np.flatnonzero(population.labels == label) for label in (0, 1)]
    for _ in range(num_trials):
        drawn = np.concatenate([rng.choice(of_label, num_examples // 2, False) for of_label in of_labels])
        sample = Predictions(
            [str(n) for n in drawn], population.labels[drawn], population.probabilities[drawn]
        )
        for name, (low, high) in intervals(sample, EVALUATE).items():
            held[name] += low <= truth[name] <= high
            widths[name].append(high - low)
    del held["calibration_error"]  # of 10 bins of two examples each: its lower bound is too high
    assert {name: count for name, count in held.items() if count < 0.87 * num_trials} == {}
    assert fmean(widths["roc_auc"]) < 0.4
    assert fmean(widths["brier_score"]) < 0.3


def test_a_thousand_resamples_of_2500_examples_take_less_than_two_seconds():
    made_up = made_up_predictions(0.8, 2500)
    started = time.perf_counter()
    intervals(made_up, EVALUATE.model_copy(update={"num_bootstrap": 1000}))
    assert time.perf_counter() - started < 2
