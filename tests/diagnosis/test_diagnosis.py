"""Each disease, made up, is told from every other."""

import json
import math

import numpy as np
import pytest

from pawtrace.config.params import load_params
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.diagnosis.diagnosis import Diagnosis, diagnose
from pawtrace.diagnosis.dying_signal import dying_signal
from pawtrace.diagnosis.scores import Score
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.probe_results import Block
from pawtrace.results.results import Result
from tests.conftest import PARAMS
from tests.results.made_up_results import (
    GUESSING,
    MadeUp,
    blocks,
    ids_of_test,
    made_up_data,
    made_up_linear_probe,
    made_up_result,
    modes,
)

_PARAMS = load_params(PARAMS)
THRESHOLDS = _PARAMS.diagnose
TRAIN = _PARAMS.train  # VGG16 from random weights, augmented
FINETUNED = TRAIN.model_copy(update={"weights": "imagenet"})
FROZEN = FINETUNED.model_copy(update={"phases": (Phase(trainable="none", num_epochs=9),)})
CANNOT_LEARN = {"loss": 0.693, "accuracy": 0.5}
DYING = blocks(0.31, 0.06, 0.008, 0.0007, 0.00002, 0.00001)
UNSCALED = {
    "received": {"min": 0.0, "max": 1.0, "mean": 0.48, "std": 0.26},
    "expected": {"min": -124.0, "max": 151.0, "mean": 0.0, "std": 60.0},
}
FLAT = (GUESSING,) * 9

DEAD = MadeUp(0, 0, losses=FLAT, probes={"overfit": CANNOT_LEARN, "blocks": DYING})
DATA = made_up_data()
NO_RELATION = made_up_data(baseline=(200, 101))
SHUFFLED = MadeUp(
    1.2,
    0,
    val_losses=(0.69, 0.7, 0.72, 0.75, 0.8, 0.9, 1.0, 1.1, 1.2),
    planned_epochs=20,
)
SHUFFLED_AND_STOPPED = MadeUp(0, 0, losses=FLAT[:4], planned_epochs=20)
TINY = MadeUp(3, 0, sizes={"train": 40, "validation": 80, "test": 80}, planned_epochs=20)
TINY_KEPT_EARLY = TINY._replace(
    train=0, accuracy=1.0, val_losses=(0.69, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4)
)
TOO_FAST = MadeUp(0, 0, losses=(35.2, 0.9, 0.72, 0.7, 0.7))
JUMPING = MadeUp(0.6, 0.6, losses=(0.6, 0.4, 0.3, 0.7, 0.3, 0.2, 0.2, 0.2, 0.2))
ONE_EPOCH = MadeUp(0.9, 0.9, losses=(0.45,), val_losses=(0.50,), planned_epochs=1)
SLOW_RATES = {"rate_range": {"rate": 1e-3, "falls_from": 0.02, "steepest": 0.05, "blows_up_at": 1.0}}
BARELY_MOVING = (0.80, 0.799, 0.798, 0.797, 0.796)
MOST, FEW = "1" * 150 + "0" * 10, "10" * 50 + "1" * 60  # right on 150 and on 110 of 160 unseen pictures
CASES = {
    "healthy": ("healthy", MadeUp()),
    "healthy, improving by a hair": (
        "healthy", MadeUp(losses=(0.3, 0.1, 0.05, 0.04, 0.035), planned_epochs=5)
    ),
    "healthy, stopped early": ("healthy", MadeUp(planned_epochs=30)),
    "healthy, still improving though good": (
        "healthy", MadeUp(losses=(0.6, 0.5, 0.4, 0.3, 0.2), planned_epochs=5)
    ),
    "healthy with dropout: training mode is worse": ("healthy", MadeUp(modes=(0.7, 0.97))),
    "dead": ("dead", DEAD),
    "dead, no finite accuracy": (
        "dead", DEAD._replace(probes={**DEAD.probes, "overfit": {**CANNOT_LEARN, "accuracy": None}})
    ),
    "at chance for many epochs though it could learn": ("dead", MadeUp(0, 0, losses=FLAT)),
    "at chance, rate beyond the edge": (
        "unstable",
        MadeUp(0, 0, losses=FLAT, probes={"rate_range": {"steepest": 1e-5, "blows_up_at": 2e-4}}),
    ),
    "rate far too low": (
        "stalled", MadeUp(0.1, 0.1, losses=BARELY_MOVING, probes=SLOW_RATES, update_ratio=1e-6)
    ),
    "rate far too low, at chance": (
        "stalled", MadeUp(0, 0, losses=FLAT, probes=SLOW_RATES, update_ratio=1e-6)
    ),
    "rate far too low, and nothing memorised in so few steps": (
        "stalled",
        MadeUp(0, 0, losses=FLAT, probes={**SLOW_RATES, "overfit": CANNOT_LEARN}, update_ratio=1e-6),
    ),
    "blank after augmentation": (
        "blank_inputs", MadeUp(0, 0, losses=FLAT, probes={"contrast": {"augmented": 1.0}})
    ),
    "all pictures alike": (
        "blank_inputs", MadeUp(0, 0, losses=FLAT, probes={"contrast": {"plain": 0.5, "augmented": 0.5}})
    ),
    "moving averages lag": ("normalization_lag", MadeUp(0.1, 0.1, modes=(0.98, 0.52))),
    "shuffled labels": ("label_noise", SHUFFLED, NO_RELATION),
    "shuffled labels, stopped early": ("label_noise", SHUFFLED_AND_STOPPED, NO_RELATION),
    "some labels wrong": ("label_noise", MadeUp(wrong_labels=0.08)),
    "tiny training set": ("too_few", TINY),
    "tiny training set, an early epoch kept": ("too_few", TINY_KEPT_EARLY),
    "gap": ("overfitting", MadeUp(3, 0.8, planned_epochs=20)),
    "gap after the kept epoch": (
        "overfitting",
        MadeUp(0.7, 0.6, accuracy=0.99, val_losses=(0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)),
    ),
    "learning rate far too high": ("unstable", TOO_FAST),
    "loss jumps up": ("unstable", JUMPING),
    "no finite loss at the start": ("unstable", MadeUp(probes={"initial": modes(0.5, 0.5, None)})),
    "no finite loss in the probe": ("unstable", MadeUp(probes={"overfit": {"loss": None}})),
    "one epoch": ("undertrained", ONE_EPOCH),
    "still improving": ("undertrained", MadeUp(0.8, 0.8, losses=(0.6, 0.5, 0.4, 0.3, 0.2), planned_epochs=5)),
    "two epochs, near chance": (
        "undertrained",
        MadeUp(0.1, 0.1, losses=(0.71, 0.69), val_losses=(0.687, 0.689), planned_epochs=2),
    ),
    "two epochs, still falling, and not quite memorised": (
        "undertrained",
        MadeUp(
            0.2, 0.2, losses=(0.704, 0.685), val_losses=(0.692, 0.684), planned_epochs=2,
            probes={"overfit": {"loss": 0.21, "accuracy": 0.875}},
        ),
    ),
    "at chance after one epoch though it could learn": (
        "undertrained", MadeUp(0, 0, losses=FLAT[:1], planned_epochs=1)
    ),
    "got over a jump": ("healthy", JUMPING._replace(train=MadeUp().train, others=MadeUp().others)),
    "cannot do more": ("underfitting", MadeUp(0.6, 0.6, losses=(0.6, 0.5, 0.5, 0.5), planned_epochs=4)),
    "duplicates across splits": ("leaking", MadeUp(), made_up_data(like_train={"test": ids_of_test(8)})),
    "inputs by 1/255": ("healthy", MadeUp(probes={"input_range": UNSCALED})),
}  # fmt: skip
GOOD_FEATURES = {"linear_probe": made_up_linear_probe(MOST)}
PRETRAINED = {
    "frozen, inputs as the weights want them": (
        "healthy", MadeUp(probes=GOOD_FEATURES), FROZEN
    ),
    "frozen, inputs scaled otherwise": (
        "input_scaling", MadeUp(0.7, 0.6, probes={"linear_probe": made_up_linear_probe(MOST, FEW)}), FROZEN
    ),
    "frozen, inputs scaled otherwise without harm": (
        "healthy", MadeUp(probes={"linear_probe": made_up_linear_probe(MOST, MOST)}), FROZEN
    ),
    "fine-tuned, as good as its features": (
        "healthy", MadeUp(probes=GOOD_FEATURES), FINETUNED
    ),
    "fine-tuned, worse than its features": (
        "forgetting", MadeUp(0.7, 0.6, probes=GOOD_FEATURES), FINETUNED
    ),
    "fine-tuned to chance": ("forgetting", MadeUp(0, 0, losses=FLAT, probes=GOOD_FEATURES), FINETUNED),
    "shaken at the start, and worse than its features": (
        "forgetting",
        MadeUp(0.7, 0.6, losses=(2.5, 0.6, 0.5, 0.45, 0.4), probes=GOOD_FEATURES),
        FINETUNED,
    ),
}  # fmt: skip


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


def diagnosis_of(made: MadeUp, data: DataSummary = DATA, train: TrainParams = TRAIN) -> Diagnosis:
    return diagnose(made_up_result(made), data, THRESHOLDS, train)


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


def test_every_other_verdict_is_shown_passed_or_failed_with_its_number_and_limit():
    found = diagnosis_of(DEAD)
    assert [check.verdict for check in found.checks] == [name for name in VERDICTS if name != "healthy"]
    states = {check.verdict: check.state for check in found.checks}
    assert (states["dead"], states["leaking"], states["forgetting"]) == ("failed", "passed", "not known")
    assert all(check.value and check.limit for check in found.checks if check.state != "not known")


def test_a_dead_network_shows_where_its_signal_dies():
    found = diagnosis_of(DEAD)
    assert found.numbers["signal_dies_at"] == "block4"
    assert found.numbers["activation_std_there"] == 0.0007
    assert found.numbers["lowest_training_loss"] == pytest.approx(math.log(2))
    assert "The signal dies at block4" in found.sentence
    assert "dying_signal" not in found.notes  # the sentence says it
    assert "blank_pictures" in found.notes


def test_leaking_tells_the_accuracy_on_the_leaked_from_that_on_the_others():
    found = diagnosis_of(MadeUp(others=0.3), made_up_data(like_train={"test": ids_of_test(8)}))
    assert found.numbers["num_seen_in_training"] == 8
    assert found.numbers["share_seen_in_training"] == pytest.approx(0.1)
    seen, others = found.numbers["accuracy_on_seen"], found.numbers["accuracy_on_others"]
    assert isinstance(seen, float)
    assert isinstance(others, float)
    test = made_up_result(MadeUp(others=0.3)).metric("test", "accuracy")
    assert (8 * seen + 72 * others) / 80 == pytest.approx(test)


def test_leaking_of_the_whole_test_split_has_no_others():
    found = diagnosis_of(MadeUp(), made_up_data(like_train={"test": ids_of_test(80)}))
    assert found.verdict == "leaking"
    assert "accuracy_on_others" not in found.numbers


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


def test_unstable_shows_the_jump():
    found = diagnosis_of(JUMPING)
    assert (found.numbers["epoch"], found.numbers["loss_before"]) == (4, 0.3)
    assert found.numbers["rise"] == pytest.approx(0.7 - 1.25 * 0.3)


def test_a_loud_start_alone_is_not_unstable():
    loud = MadeUp(
        losses=(4.1, 0.9, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05), probes={"initial": modes(0.5, 0.5, 5.0)}
    )
    assert diagnosis_of(loud).verdict == "healthy"


def test_overfitting_names_the_epoch_where_the_gap_opens():
    made = made_up_result(MadeUp(3, 0.8, planned_epochs=20))
    opens = made._replace(
        history=made.history._replace(
            accuracy=(0.5, 0.7, 0.8, 0.81, 0.9, 0.95, 0.97, 0.98, 0.99),
            val_accuracy=(0.5, 0.6, 0.79, 0.80, 0.8, 0.80, 0.80, 0.80, 0.80),
        )
    )
    assert diagnose(opens, DATA, THRESHOLDS, TRAIN).numbers["epoch_where_it_opens"] == 5
    closed = opens._replace(history=opens.history._replace(val_accuracy=opens.history.accuracy))
    found = diagnose(closed, DATA, THRESHOLDS, TRAIN)  # augmentation can hide it in the history
    assert found.numbers["epoch_where_it_opens"] == closed.training.best_epoch


def test_a_signal_dies_only_by_a_factor_from_the_largest_before():
    def block(std: float | None) -> Block:
        return Block(
            name="b",
            activation_mean=0,
            activation_std=std,
            inference_std=std,
            zero_share=0,
            gradient_rms=None,
        )

    assert dying_signal([block(1), block(0.01), block(5), block(0.2)], 1000) is None
    found = dying_signal([block(1), block(None), block(5), block(0.005)], 1000)
    assert found is not None
    assert (found.std, found.largest_std) == (0.005, 5)
    assert dying_signal([block(0), block(0)], 1000) is None
    constant = dying_signal([block(1), block(0)], 1000)
    assert constant is not None
    assert constant.std == 0


def test_chance_is_always_answering_the_same_label():
    assert Score((60, 0), (60, 40)).at_chance
    assert Score((55, 9), (60, 40)).at_chance
    assert not Score((50, 25), (60, 40)).at_chance
    assert not Score(
        (350, 25), (400, 30)
    ).at_chance  # below the common label's share, but it sees the rarer one
