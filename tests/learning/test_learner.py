"""What a step minimises and what an epoch reports."""

from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.learning.checkpoints import values_of
from pawtrace.learning.device import Compute
from pawtrace.learning.learner import Learner, numbers_of
from pawtrace.learning.networks.model import Classifier, build_classifier
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow

PHASE = Phase(trainable="all", num_epochs=4)
LABELS = (np.arange(8) % 2).astype(np.float32)[:, None]
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)


@pytest.fixture
def backbone(tmp_path: Any) -> str:
    return str(tiny_backbone(tmp_path / "b.keras"))


def learner_of(train: TrainParams) -> tuple[Learner, Classifier]:
    keras.utils.set_random_seed(0)
    classifier = build_classifier(train)
    learner = Learner(train, PHASE, classifier, classifier.whole, 5, Compute("cpu", "float32"))
    return learner, classifier


def cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float(-np.mean(labels * np.log(probabilities) + (1 - labels) * np.log(1 - probabilities)))


def test_smoothed_labels_and_penalties_are_in_the_objective_and_not_in_the_loss(backbone: str) -> None:
    head = {"pooling": "average", "units": [4], "l2": 0.1}
    learner, classifier = learner_of(tiny_train(backbone=backbone, head=head, label_smoothing=0.2))
    said = classifier.whole(IMAGES, training=True)
    weights = [w for w in classifier.head.trainable_weights if "kernel" in w.path]
    penalty = 0.1 * sum(float(np.square(np.array(w)).sum()) for w in weights)
    found = numbers_of(learner.begin_step(IMAGES, LABELS))
    smooth = LABELS * 0.8 + 0.1
    assert found["loss"] == pytest.approx(cross_entropy(LABELS, np.array(said)), rel=1e-4)
    assert found["objective"] == pytest.approx(cross_entropy(smooth, np.array(said)) + penalty, rel=1e-4)


def test_accuracy_of_mixed_labels_counts_the_nearer_label(backbone: str) -> None:
    learner, classifier = learner_of(tiny_train(backbone=backbone, learning_rate=1e-9))
    dogs = np.array(classifier.whole(IMAGES, training=True)) >= 0.5
    mixed = np.where(LABELS == 1, 0.7, 0.2).astype(np.float32)
    assert numbers_of(learner.begin_step(IMAGES, mixed))["accuracy"] == pytest.approx(
        np.mean(dogs == (LABELS == 1))
    )


def test_averaged_weights_are_measured_and_the_others_go_on_learning(backbone: str) -> None:
    learner, classifier = learner_of(tiny_train(backbone=backbone, ema_momentum=0.5, learning_rate=0.1))
    trajectory = []
    for _ in range(4):
        learner.begin_step(IMAGES, LABELS)
        learner.settle()
        trajectory.append(values_of(classifier.whole.trainable_weights))
    expected = trajectory[0]
    for weights in trajectory[1:]:
        expected = [0.5 * average + 0.5 * now for average, now in zip(expected, weights, strict=True)]
    with learner.averaged_weights():
        for found, wanted in zip(values_of(classifier.whole.trainable_weights), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    for found, wanted in zip(values_of(classifier.whole.trainable_weights), trajectory[-1], strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_without_averaging_the_weights_stay_as_they_are(backbone: str) -> None:
    learner, classifier = learner_of(tiny_train(backbone=backbone))
    before = values_of(classifier.whole.weights)
    with learner.averaged_weights():
        for found, wanted in zip(values_of(classifier.whole.weights), before, strict=True):
            np.testing.assert_array_equal(found, wanted)
