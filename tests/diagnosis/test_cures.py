"""Cures are valid recipes, and never what a recipe follows already; causes tell recipes apart."""

import pytest

from pawtrace.config.train_params import Phase
from pawtrace.diagnosis.cures.names_in_lines import names_explained, names_to_supply
from pawtrace.diagnosis.next_step import cured
from tests.diagnosis.made_up_diseases import (
    CASES,
    DATA,
    DEAD,
    FEW,
    FINETUNED,
    FROZEN,
    GOOD_FEATURES,
    ONE_EPOCH,
    TINY,
    TRAIN,
    diagnosis_of,
)
from tests.results.made_up_results import MadeUp, made_up_linear_probe

POOR_FEATURES = {"linear_probe": made_up_linear_probe(FEW)}


def test_no_cure_is_one_that_the_recipe_follows_already():
    overfitting = MadeUp(3, 0.8, planned_epochs=20)
    names = [cure.name for cure in diagnosis_of(overfitting).cures]
    assert "augmentation" not in names  # this recipe augments
    plain = TRAIN.model_copy(update={"augmentation": ()})
    assert "augmentation" in [cure.name for cure in diagnosis_of(overfitting, train=plain).cures]
    pooled = TRAIN.model_copy(update={"head": TRAIN.head.model_copy(update={"pooling": "average"})})
    assert "average_pooling" in names
    assert "average_pooling" not in [cure.name for cure in diagnosis_of(overfitting, train=pooled).cures]


@pytest.mark.parametrize("name", CASES)
def test_each_cure_is_a_valid_recipe_and_changes_something(name):
    _, *made = CASES[name]
    for cure in diagnosis_of(*made).cures:
        assert cure.words
        assert cure.keras or cure.name == "more_pictures"
        if cure.overrides is not None:
            assert cured(TRAIN, cure) != TRAIN


@pytest.mark.parametrize("name", CASES)
def test_each_name_in_the_lines_of_keras_is_explained(name):
    _, *made = CASES[name]
    for cure in diagnosis_of(*made).cures:
        sentence = names_explained([cure.keras])
        for each in names_to_supply(cure.keras):
            assert f"{each} means " in sentence


def test_a_name_that_the_lines_assign_needs_no_explanation():
    lines = "x = f(images)\ny = x\nfor layer in model.layers:\n    layer.trainable = False\nprint(...)"
    assert list(names_to_supply(lines)) == ["f", "images", "model"]
    assert names_explained(["# nothing to run", "print(1)"]) == ""


def test_among_recipes_that_overfit_the_cause_tells_them_apart():
    large, small = MadeUp(3, 0.8, planned_epochs=20), MadeUp(3, 0.8, planned_epochs=20)
    assert diagnosis_of(large).cause == "large_head"
    pooled = TRAIN.model_copy(update={"head": TRAIN.head.model_copy(update={"pooling": "average"})})
    assert diagnosis_of(small, train=pooled).cause == "few_pictures"
    plain = pooled.model_copy(update={"augmentation": ()})
    assert diagnosis_of(small, train=plain).cause == "no_augmentation"


def test_where_the_backbone_learns_its_features_augmentation_comes_before_a_smaller_head():
    plain = FINETUNED.model_copy(update={"augmentation": ()})
    own, kept = (MadeUp(3, 0.8, probes=each) for each in (POOR_FEATURES, GOOD_FEATURES))
    assert diagnosis_of(own, DATA, plain).cures[0].name == "augmentation"
    assert diagnosis_of(kept, DATA, plain).cause != "no_augmentation"


def test_too_few_pictures_need_more_of_them_first():
    frozen = TINY._replace(probes=GOOD_FEATURES)
    assert diagnosis_of(frozen, DATA, FROZEN).cures[0].name == "more_pictures"


def test_weights_of_a_file_that_let_no_signal_through_are_not_cured_by_a_rate():
    dead = DEAD._replace(probes={**DEAD.probes, "linear_probe": made_up_linear_probe("10" * 80)})
    assert [cure.name for cure in diagnosis_of(dead, DATA, FINETUNED).cures] == ["weights"]


def test_lag_in_a_fine_tuned_network_is_cured_first_by_the_averages_of_pretraining():
    lag = MadeUp(0.1, 0.1, modes=(0.98, 0.52), probes=GOOD_FEATURES)
    random = MadeUp(0.1, 0.1, modes=(0.98, 0.52))
    kept = FINETUNED.model_copy(update={"freeze_normalization": True})
    first, *_ = diagnosis_of(lag, DATA, FINETUNED).cures
    assert first.overrides == {"freeze_normalization": True}
    for made, train in ((lag, kept), (random, TRAIN)):
        names = [cure.name for cure in diagnosis_of(made, DATA, train).cures]
        assert names[0] == "momentum"
        assert "freeze_normalization" not in names


def test_one_epoch_is_cured_by_ten():
    short = TRAIN.model_copy(update={"phases": (Phase(trainable="all", num_epochs=1),)})
    longer = next(cure for cure in diagnosis_of(ONE_EPOCH, DATA, short).cures if cure.name == "more_epochs")
    assert longer.words == "Train 10 epochs instead of 1."
    assert longer.overrides is not None
    assert sum(phase["num_epochs"] for phase in longer.overrides["phases"]) == 10
