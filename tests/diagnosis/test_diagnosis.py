"""Each disease, made up, is told from every other."""

import json

import numpy as np
import pytest

from pawtrace.diagnosis.diagnosis import diagnose
from pawtrace.diagnosis.scores import Score
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.results.results import Result
from tests.diagnosis.made_up_diseases import (
    CASES,
    DATA,
    FINETUNED,
    PRETRAINED,
    SHUFFLED,
    SHUFFLED_AND_STOPPED,
    THRESHOLDS,
    TRAIN,
    diagnosis_of,
)
from tests.results.made_up_probes import modes
from tests.results.made_up_results import (
    MadeUp,
    ids_of_test,
    made_up_data,
    made_up_linear_probe,
    made_up_result,
)


def test_features_that_are_no_better_than_guessing_were_not_worth_keeping() -> None:
    """A model that happens to be worse than guessing has then lost nothing."""
    worse_than_guessing = MadeUp(0.1, -0.4, losses=(0.71, 0.69, 0.68, 0.68))
    features = {
        share: made_up_linear_probe("1" * n + "0" * (160 - n)) for share, n in (("none", 84), ("good", 130))
    }
    states = {
        share: {check.verdict: check.state for check in found.checks}["forgetting"]
        for share, probe in features.items()
        for found in [
            diagnosis_of(worse_than_guessing._replace(probes={"linear_probe": probe}), DATA, FINETUNED)
        ]
    }
    assert states == {"none": "passed", "good": "failed"}


@pytest.mark.parametrize("name", CASES)
def test_each_disease_and_no_other_is_named(name):
    verdict, *made = CASES[name]
    found = diagnosis_of(*made)
    assert found.verdict == verdict, found.sentence
    assert found.sentence.endswith(".")
    assert "nan" not in found.sentence
    json.dumps(found.numbers, allow_nan=False)


@pytest.mark.parametrize("name", PRETRAINED)
def test_pretrained_features_are_the_measure_of_scaling_and_of_fine_tuning(name):
    verdict, made, train = PRETRAINED[name]
    found = diagnosis_of(made, train=train)
    assert found.verdict == verdict, found.sentence


def test_a_rare_label_that_is_neglected_is_imbalance_and_one_that_is_not_is_none():
    def rare(recall: float) -> Result:
        made = made_up_result(MadeUp(3, 3, sizes={"train": 300, "validation": 200, "test": 200}))
        for predictions in made.predictions.values():
            dogs = np.flatnonzero(predictions.labels == 1)
            kept_as_dogs = dogs[::5]
            predictions.labels[np.setdiff1d(dogs, kept_as_dogs)] = 0
            predictions.probabilities[:] = 0.1
            predictions.probabilities[kept_as_dogs[: round(recall * len(kept_as_dogs))]] = 0.9
        return made

    found = diagnose(rare(0.4), DATA, THRESHOLDS, TRAIN)
    assert found.verdict == "imbalance"
    assert found.numbers["balanced_accuracy"] == pytest.approx(0.7)
    assert found.cures[0].overrides == {"class_weights": "balanced"}
    assert diagnose(rare(1.0), DATA, THRESHOLDS, TRAIN).verdict == "healthy"


def test_every_verdict_is_made_on_purpose():
    made = {verdict for verdict, *_ in [*CASES.values(), *PRETRAINED.values()]}
    assert made | {"imbalance"} == set(VERDICTS)


def test_overlap_with_validation_or_of_unknown_examples_is_no_leak():
    unknown = {f"new/{id}" for id in ids_of_test(40)}
    data = made_up_data(like_train={"validation": ids_of_test(40), "test": unknown})
    assert diagnosis_of(MadeUp(), data).verdict == "healthy"


def test_a_baseline_that_was_not_measured_accuses_no_labels():
    for made in (SHUFFLED, SHUFFLED_AND_STOPPED):
        unmeasured = diagnosis_of(made, made_up_data(baseline=None))
        assert unmeasured.verdict == diagnosis_of(made, made_up_data(baseline=(200, 140))).verdict


def test_an_early_stop_in_an_earlier_phase_does_not_hide_that_the_last_one_still_improved():
    improving = made_up_result(MadeUp(0.8, 0.8, losses=(0.6, 0.5, 0.4, 0.3, 0.2), planned_epochs=5))
    training = improving.training.model_copy(update={"planned_epochs": [40, 2]})
    assert diagnose(improving._replace(training=training), DATA, THRESHOLDS, TRAIN).verdict == "undertrained"
    training = improving.training.model_copy(update={"planned_epochs": [3, 40]})
    assert diagnose(improving._replace(training=training), DATA, THRESHOLDS, TRAIN).verdict == "underfitting"


def test_a_loud_start_alone_is_not_unstable():
    loud = MadeUp(
        losses=(4.1, 0.9, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05), probes={"initial": modes(0.5, 0.5, 5.0)}
    )
    assert diagnosis_of(loud).verdict == "healthy"


def test_chance_is_always_answering_the_same_label():
    assert Score((60, 0), (60, 40)).at_chance
    assert Score((55, 9), (60, 40)).at_chance
    assert not Score((50, 25), (60, 40)).at_chance
    assert not Score(
        (350, 25), (400, 30)
    ).at_chance  # below the common label's share, but it sees the rarer one
