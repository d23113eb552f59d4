"""Cases that look like another disease, as the benchmark of the verdicts brought them."""

import pytest

from tests.diagnosis.made_up_diseases import (
    CANNOT_LEARN,
    DATA,
    DEAD,
    FEW,
    FINETUNED,
    FLAT,
    FROZEN,
    MOST,
    NO_RELATION,
    SHUFFLED,
    SHUFFLED_AND_STOPPED,
    SLOW_RATES,
    TRAIN,
    diagnosis_of,
)
from tests.results.made_up_probes import blocks
from tests.results.made_up_results import MadeUp, made_up_data, made_up_linear_probe


def test_a_network_that_learns_nothing_general_does_not_accuse_labels_that_mean_something():
    for made in (SHUFFLED, SHUFFLED_AND_STOPPED):
        assert diagnosis_of(made, made_up_data(baseline=(200, 140))).verdict != "label_noise"


@pytest.mark.parametrize(("num_right", "is_noise"), [(452, True), (500, False)])
def test_a_trace_that_a_classifier_finds_in_many_pictures_means_as_little(
    num_right: int, is_noise: bool
) -> None:
    found = diagnosis_of(SHUFFLED, made_up_data(baseline=(800, num_right)))  # 56.5 %, 62.5 %: both measurable
    assert (found.verdict == "label_noise") is is_noise


@pytest.mark.parametrize(("right_of_10", "is_noise"), [(6, True), (7, False)])
def test_a_trace_in_pretrained_features_means_as_little(right_of_10: int, is_noise: bool) -> None:
    right = ("1" * right_of_10 + "0" * (10 - right_of_10)) * 60  # both measurable
    sizes = {"train": 300, "validation": 300, "test": 300}
    made = SHUFFLED._replace(sizes=sizes, probes={"linear_probe": made_up_linear_probe(right)})
    assert (diagnosis_of(made, NO_RELATION).verdict == "label_noise") is is_noise


def test_a_network_whose_loss_falls_at_some_rate_shows_random_labels() -> None:
    made = SHUFFLED._replace(train=0, losses=FLAT, probes={"overfit": CANNOT_LEARN})
    found = diagnosis_of(made, NO_RELATION)
    assert found.verdict == "label_noise"
    assert "its loss falls at a learning rate of 0.001" in found.sentence
    nowhere = {"overfit": CANNOT_LEARN, "rate_range": {"falls_from": None, "steepest": None}}
    assert diagnosis_of(made._replace(probes=nowhere), NO_RELATION).verdict == "dead"


def test_a_large_share_of_wrong_labels_need_not_show_among_the_surest_predictions() -> None:
    weak = MadeUp(0.7, 0.7, wrong_labels=0.33, sizes={"train": 1300, "validation": 1300, "test": 1300})
    found = diagnosis_of(weak, made_up_data(baseline=(800, 500)))
    assert found.verdict == "label_noise"
    assert found.numbers["error_share_of_surest"] < found.numbers["error_share_expected"] + 0.05  # type: ignore[operator]


def test_no_more_labels_are_wrong_than_a_linear_classifier_allows() -> None:
    noisy = MadeUp(1.5, 1.5, wrong_labels=0.3, sizes={"train": 300, "validation": 300, "test": 300})
    assert diagnosis_of(noisy, made_up_data(baseline=(800, 520))).verdict == "label_noise"
    assert diagnosis_of(noisy, made_up_data(baseline=(800, 760))).verdict != "label_noise"  # 95 % are right


def test_a_fall_at_a_rate_far_below_all_that_work_is_luck() -> None:
    falling = (7.2, 6.9, 6.7, 6.5, 6.3, 6.2, 6.2, 6.2, 6.2)
    made = MadeUp(0.1, 0.1, losses=falling, probes=SLOW_RATES, update_ratio=1e-6)
    assert diagnosis_of(made).verdict == "stalled"  # the rate of 0.001 is 20 times below 0.02
    within = {"rate_range": {"rate": 1e-3, "falls_from": 1e-3, "steepest": 0.05, "blows_up_at": 1.0}}
    assert diagnosis_of(made._replace(probes=within)).verdict != "stalled"


def test_one_epoch_is_no_proof_of_a_rate_that_is_too_low() -> None:
    below = {"rate_range": {"rate": 1e-3, "falls_from": 1e-4, "steepest": 0.05, "blows_up_at": 1.0}}
    once = MadeUp(0.1, 0.1, losses=(0.693,), planned_epochs=1, probes=below, update_ratio=1e-6)
    assert diagnosis_of(once).verdict == "undertrained"


def test_features_that_are_hardly_better_excuse_no_dead_network() -> None:
    probe = made_up_linear_probe(("1" * 60 + "0" * 40) * 6)
    # Measurably better than the model on all, most of which the model was trained on; not on new ones.
    probe["judges"]["caffe"]["splits"] = ["train"] * 560 + ["test"] * 40
    made = DEAD._replace(
        sizes={"train": 300, "validation": 300, "test": 300}, probes=DEAD.probes | {"linear_probe": probe}
    )
    assert diagnosis_of(made, DATA, FINETUNED).verdict == "dead"


def test_one_epoch_in_which_the_loss_does_not_fall_shows_nothing() -> None:
    once = MadeUp(0, 0, losses=(0.72,), planned_epochs=1, probes={"overfit": CANNOT_LEARN})
    assert diagnosis_of(once).verdict == "undertrained"


def test_a_model_that_memorises_does_not_judge_labels_where_features_can() -> None:
    sure = MadeUp(6, 1.3, wrong_labels=0.12, sizes={"train": 300, "validation": 300, "test": 300})
    assert diagnosis_of(sure, DATA, FROZEN).verdict == "label_noise"
    probe = made_up_linear_probe(("1111" + "0") * 120)  # whose errors are never sure
    able = sure._replace(probes={"linear_probe": probe})
    assert diagnosis_of(able, DATA, FROZEN).verdict == "overfitting"


def test_a_scaling_is_judged_on_all_pictures_that_the_classifiers_judge() -> None:
    probe = made_up_linear_probe(MOST, FEW)
    probe["conventions"]["zero_to_one"] |= {"right": MOST, "num_right": MOST.count("1")}
    made = MadeUp(0.7, 0.6, probes={"linear_probe": probe})
    assert diagnosis_of(made, DATA, FROZEN).verdict == "input_scaling"


def test_a_hundred_steps_are_hardly_a_beginning() -> None:
    sizes = {"train": 50 * TRAIN.batch_size, "validation": 80, "test": 80}
    twice, often = (MadeUp(0, 0, sizes=sizes, losses=FLAT[:n], planned_epochs=n) for n in (2, 9))
    assert diagnosis_of(twice).verdict == "undertrained"
    assert diagnosis_of(often).verdict == "dead"


@pytest.mark.parametrize(
    ("first", "train", "is_dead"), [(0.007, 0.1, True), (0.3, 0.1, False), (0.007, 0.5, False)]
)
def test_a_signal_that_is_too_weak_from_the_start_is_why_only_a_trace_is_learned(
    first: float, train: float, is_dead: bool
) -> None:
    weak = blocks(first, 4e-4 * first / 0.007, 3e-5 * first / 0.007)  # 0.007: 240 times weaker at the end
    made = MadeUp(
        train, 0, sizes={"train": 1200, "validation": 80, "test": 80}, losses=FLAT, probes={"blocks": weak}
    )
    found = diagnosis_of(made)
    assert (found.verdict == "dead") is is_dead
    assert not is_dead or "signal dies" in found.sentence
