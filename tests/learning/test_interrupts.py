"""Ctrl-C ends whatever steps through Keras, which waits for results inside a bare `except: pass`."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.learning.device import Compute
from pawtrace.learning.learner import Learner
from pawtrace.learning.networks.model import Classifier, build_classifier
from pawtrace.learning.probes.few_pictures import FewPictures
from pawtrace.learning.probes.gradients import gradients_of
from pawtrace.learning.probes.overfit import overfit
from pawtrace.learning.probes.sample import Sample
from pawtrace.running.processes import interrupts_kept
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow

LABELS = (np.arange(8) % 2).astype(np.float32)[:, None]
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)


def learner(train: TrainParams, classifier: Classifier) -> Learner:
    phase = Phase(trainable="all", num_epochs=4)
    return Learner(train, phase, classifier, classifier.whole, 5, Compute("cpu", "float32"))


def step(train: TrainParams, classifier: Classifier) -> None:
    learner(train, classifier).begin_step(IMAGES, LABELS)


def validation(train: TrainParams, classifier: Classifier) -> None:
    learner(train, classifier).measure([(IMAGES, LABELS)])


def gradients(_: TrainParams, classifier: Classifier) -> None:
    gradients_of(classifier.whole, IMAGES, LABELS, keras.losses.BinaryCrossentropy())


def by_heart(train: TrainParams, classifier: Classifier) -> None:
    overfit(FewPictures(classifier, train), Sample(IMAGES, LABELS), 1, 0.01)


@pytest.mark.parametrize("work", [step, validation, gradients, by_heart])
def test_ctrl_c_while_keras_waits_for_a_result_is_not_swallowed(
    work: Callable[[TrainParams, Classifier], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = tiny_train(backbone=str(tiny_backbone(tmp_path / "b.keras")))
    classifier = build_classifier(train)
    to_numpy = keras.src.backend.convert_to_numpy

    def pressed_inside_the_except(value: Any) -> Any:
        if sys._getframe(1).f_code.co_name == "pythonify_logs":
            os.kill(os.getpid(), signal.SIGINT)
        return to_numpy(value)

    monkeypatch.setattr("keras.src.backend.convert_to_numpy", pressed_inside_the_except)
    with interrupts_kept(), pytest.raises(KeyboardInterrupt):
        work(train, classifier)
