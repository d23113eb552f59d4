"""A diagnosis shows what it rests on: each check, and where, when and on how many pictures."""

import math

import pytest

from pawtrace.diagnosis.diagnosis import diagnose
from pawtrace.diagnosis.dying_signal import dying_signal
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.results.probe_results import Block
from tests.diagnosis.made_up_diseases import DATA, DEAD, JUMPING, THRESHOLDS, TRAIN, diagnosis_of
from tests.results.made_up_results import (
    MadeUp,
    ids_of_test,
    made_up_data,
    made_up_result,
)


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


def test_unstable_shows_the_jump():
    found = diagnosis_of(JUMPING)
    assert (found.numbers["epoch"], found.numbers["loss_before"]) == (4, 0.3)
    assert found.numbers["rise"] == pytest.approx(0.7 - 1.25 * 0.3)


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
