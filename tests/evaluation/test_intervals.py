import time

import numpy as np
import pytest

from pawtrace.evaluation.intervals import intervals, wilson
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
    assert first["roc_auc"] != other["roc_auc"]
    assert first["roc_auc"] == pytest.approx(other["roc_auc"], abs=0.03)


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


def test_a_thousand_resamples_of_2500_examples_take_less_than_two_seconds():
    made_up = made_up_predictions(0.8, 2500)
    started = time.perf_counter()
    intervals(made_up, EVALUATE.model_copy(update={"num_bootstrap": 1000}))
    assert time.perf_counter() - started < 2
