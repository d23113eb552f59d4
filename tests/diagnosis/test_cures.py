"""Cures are valid recipes, and never what a recipe follows already; causes tell recipes apart."""

import pytest

from pawtrace.diagnosis.next_step import cured
from tests.diagnosis.test_diagnosis import CASES, TRAIN, diagnosis_of
from tests.results.made_up_results import (
    MadeUp,
)


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
        assert cure.keras
        if cure.overrides is not None:
            assert cured(TRAIN, cure) != TRAIN


def test_among_recipes_that_overfit_the_cause_tells_them_apart():
    large, small = MadeUp(3, 0.8, planned_epochs=20), MadeUp(3, 0.8, planned_epochs=20)
    assert diagnosis_of(large).cause == "large_head"
    pooled = TRAIN.model_copy(update={"head": TRAIN.head.model_copy(update={"pooling": "average"})})
    assert diagnosis_of(small, train=pooled).cause == "few_pictures"
    plain = pooled.model_copy(update={"augmentation": ()})
    assert diagnosis_of(small, train=plain).cause == "no_augmentation"
