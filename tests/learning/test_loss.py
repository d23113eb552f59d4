"""Balanced labels count the same in the loss, and an unbalanced one is Keras's own."""

import keras
import numpy as np
import pytest

from pawtrace.learning.loss import build_loss, label_weights
from tests.learning.tiny import tiny_train

LABELS = np.array([0] * 90 + [1] * 10)
BALANCED = tiny_train(class_weights="balanced")


def value(loss: keras.losses.Loss, labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float(loss(labels[:, None].astype(np.float32), probabilities[:, None].astype(np.float32)))


def test_both_labels_weigh_the_same() -> None:
    weights = label_weights(BALANCED, LABELS)
    assert weights == pytest.approx((100 / 180, 100 / 20))
    # Always answering the common label costs as much as always answering the rare one.
    cats, dogs = np.full(100, 0.1), np.full(100, 0.9)
    loss = build_loss(BALANCED, weights)
    assert value(loss, LABELS, cats) == pytest.approx(value(loss, LABELS, dogs), rel=1e-5)
    plain = build_loss(BALANCED)
    assert value(plain, LABELS, cats) < value(plain, LABELS, dogs)


def test_a_mixed_label_weighs_in_between() -> None:
    loss = build_loss(BALANCED, (1.0, 3.0))
    mixed = np.array([0.25])
    plain = value(build_loss(BALANCED), mixed, np.array([0.4]))
    assert value(loss, mixed, np.array([0.4])) == pytest.approx(1.5 * plain, rel=1e-5)


def test_without_class_weights_and_without_one_of_the_labels_nothing_is_weighted() -> None:
    assert label_weights(tiny_train(), LABELS) == (1.0, 1.0)
    assert label_weights(BALANCED, np.zeros(4, int)) == (1.0, 1.0)
    assert isinstance(build_loss(BALANCED), keras.losses.BinaryCrossentropy)
