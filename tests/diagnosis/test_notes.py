"""Notes: what is worth a word beside the verdict."""

from pawtrace.diagnosis.diagnosis import diagnose
from tests.diagnosis.made_up_diseases import DATA, DYING, THRESHOLDS, TRAIN, UNSCALED, diagnosis_of
from tests.results.made_up_results import SIZES, MadeUp, ids_of_test, made_up_data, made_up_result


def test_inputs_that_weights_do_not_expect_are_a_note_but_not_for_random_weights():
    assert "input_range" in diagnosis_of(MadeUp(probes={"input_range": UNSCALED})).notes
    random = {**UNSCALED, "weights": "random"}
    assert diagnosis_of(MadeUp(probes={"input_range": random})).notes == {}
    none_finite = {**UNSCALED, "received": {"min": None, "max": None, "mean": None, "std": None}}
    assert diagnosis_of(MadeUp(probes={"input_range": none_finite})).notes == {}


def test_the_other_notes():
    assert diagnosis_of(MadeUp()).notes == {}
    assert set(diagnosis_of(MadeUp(probes={"blocks": DYING})).notes) == {"dying_signal"}
    blind = {"loss": 0.69, "accuracy": 0.5}
    assert set(diagnosis_of(MadeUp(probes={"overfit": blind})).notes) == {"blank_pictures"}
    made = made_up_result(MadeUp(wrong_labels=0.06))
    one_sided = made.predictions["train"]
    one_sided.labels[:80] = 0
    assert "class_imbalance" in diagnose(made, DATA, THRESHOLDS, TRAIN).notes


def test_a_good_model_that_still_improves_is_a_note_and_names_the_loss():
    losses = (0.6, 0.5, 0.4, 0.3, 0.2)
    by_both = diagnosis_of(MadeUp(losses=losses, planned_epochs=5))
    assert by_both.verdict == "healthy"
    assert (
        "the validation loss went from 0.310 to 0.210 in the last epoch" in by_both.notes["still_improving"]
    )
    flat = (0.31, 0.31, 0.31, 0.31, 0.309)
    by_training = diagnosis_of(MadeUp(losses=losses, val_losses=flat, planned_epochs=5))
    assert "the training loss went from 0.300 to 0.200 " in by_training.notes["still_improving"]


def test_a_few_pairs_below_the_threshold_are_a_note():
    few = made_up_data(like_train={"test": ids_of_test(3)})
    found = diagnosis_of(MadeUp(sizes={**SIZES, "test": 400}), few)
    assert found.verdict == "healthy"
    assert found.notes["overlap"] == "Of 400 test pictures 3 look like a training picture."
