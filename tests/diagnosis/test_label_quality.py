"""Wrong labels are told from a weak model, and the suspects are those with wrong labels."""

import numpy as np
import pytest

from pawtrace.diagnosis.diagnosis import diagnose
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.label_quality import Judged, sure_error_of, sure_errors, wrong_labels
from pawtrace.diagnosis.rules import label_noise
from tests.diagnosis.made_up_diseases import DATA, NO_RELATION, SHUFFLED, THRESHOLDS, TRAIN, diagnosis_of
from tests.results.made_up_results import (
    SIZES,
    MadeUp,
    made_up_predictions,
    made_up_result,
)


def test_suspects_are_those_with_wrong_labels_the_surest_first_and_only_of_a_judge_above_chance():
    made = made_up_result(MadeUp(wrong_labels=0.08))
    planted = {
        id
        for split in ("validation", "test")
        for id, label, right in zip(
            made.predictions[split].ids,
            made.predictions[split].labels,
            made_up_predictions(1.0, SIZES[split]).labels,
            strict=True,
        )
        if label != right
    }
    found = diagnose(made, DATA, THRESHOLDS, TRAIN).suspects
    sureness = [abs(suspect.probability - (suspect.label == "dog")) for suspect in found]
    assert sureness == sorted(sureness, reverse=True)
    named = {suspect.id for suspect in found}
    assert len(named & planted) > 0.7 * len(planted)
    assert len(named & planted) > 0.7 * len(named)
    assert diagnosis_of(SHUFFLED, NO_RELATION).suspects == []


def test_the_surest_predictions_of_a_model_that_is_right_are_right():
    assert sure_error_of(0.5) == pytest.approx(0.5)
    assert 0.08 < sure_error_of(0.75) < 0.11
    assert sure_error_of(0.97) < 0.001


@pytest.mark.parametrize(("share", "is_noise"), [(0.0, False), (0.2, True), (0.3, True)])
def test_wrong_labels_are_told_from_a_weak_model(share, is_noise):
    random = np.random.default_rng(3)
    truth = np.arange(900) % 2
    scores = (2 * truth - 1) * 1.2 + random.normal(0, 1, 900)  # right on 88 %
    labels = np.where(random.random(900) < share, 1 - truth, truth)
    ids = [str(number) for number in range(900)]
    found = wrong_labels(Judged(ids, ["test"] * 900, labels, 1 / (1 + np.exp(-scores))))
    assert (found.likelihood_ratio > 6) == is_noise
    assert found.share == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize(("distance", "is_the_reason"), [(1.2, False), (2.5, True)])
def test_wrong_labels_are_the_verdict_only_where_they_explain_most_errors(distance, is_the_reason):
    random = np.random.default_rng(3)
    truth = np.arange(3000) % 2
    scores = (2 * truth - 1) * distance + random.normal(0, 1, 3000)
    labels = np.where(random.random(3000) < 0.06, 1 - truth, truth)
    judged = Judged([str(n) for n in range(3000)], ["test"] * 3000, labels, 1 / (1 + np.exp(-scores)))
    assert wrong_labels(judged).share == pytest.approx(0.06, abs=0.02)
    facts = Facts(made_up_result(MadeUp()), DATA, THRESHOLDS, TRAIN)
    facts.__dict__["best_judge"] = judged  # a cached property
    assert label_noise.rule(facts).applies == is_the_reason


def test_dogs_labelled_as_cats_show_though_every_cat_is_surer_than_every_dog():
    truth = np.arange(900) % 2
    labels = np.where((truth == 1) & (np.arange(900) % 12 == 5), 0, truth)
    # What a calibrated model says of labels that are wrong for one dog in six.
    probabilities = np.where(truth == 1, 5 / 6, 0.001) + np.random.default_rng(3).normal(0, 1e-4, 900)
    judged = Judged([str(number) for number in range(900)], ["test"] * 900, labels, probabilities)
    assert sure_errors(judged).p_value < 1e-6
    right = judged._replace(labels=truth)
    assert sure_errors(right).p_value > 0.5


def test_a_judge_of_few_pictures_does_not_outdo_one_of_many_by_luck():
    few, many = (
        Judged(["a"] * size, ["test"] * size, np.ones(size, int), np.where(np.arange(size) < wrong, 0.1, 0.9))
        for size, wrong in ((60, 3), (400, 34))
    )
    assert few.accuracy > many.accuracy
    assert few.accuracy_low < many.accuracy_low
