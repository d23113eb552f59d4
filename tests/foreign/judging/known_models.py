"""Models with a known fault, photos to show them, and what a check says."""

import keras
import numpy as np
from keras import layers

from pawtrace.foreign.diagnosing import ForeignDiagnosis
from tests.foreign.colours import SIDE_PX, images_and_labels, reader

TEST, TRAIN = images_and_labels(120), images_and_labels(320, seed=1)
BAD_LOSSES = {"loss": [0.8] + 5 * [0.7], "accuracy": 6 * [0.5]}


def blind(loss: str = "binary_crossentropy", rate: float = 1e-3) -> keras.Model:
    """A network whose answers differ, but follow the green, which has nothing to do with the label."""
    model = reader()
    model.layers[-1].set_weights([np.array([[0], [0], [1], [0]], np.float32), np.array([-60], np.float32)])
    model.compile(keras.optimizers.SGD(rate), loss)
    return model


def wide(gain: float = 0.1) -> keras.Model:
    """A network with enough weights in its trunk to show that it was trained; `gain` 0: a head of zeros."""
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    convolution, dense = layers.Conv2D(32, 1), layers.Dense(1, activation="sigmoid", name="answer")
    model = keras.Model(images, dense(layers.GlobalAveragePooling2D()(convolution(images))))
    kernel = np.random.default_rng(0).normal(size=(1, 1, 3, 32)).astype(np.float32)
    convolution.set_weights([kernel, np.ones(32, np.float32)])
    reads = np.linalg.pinv(kernel[0, 0]) @ np.array([[1], [0], [-1]], np.float32)
    dense.set_weights([gain * reads, -gain * reads.sum(axis=0)])
    model.compile("adam", "binary_crossentropy")
    return model


def check_of(found: ForeignDiagnosis, verdict: str) -> tuple[str, str]:
    """The state of a check, with its measure and value in words."""
    check = next(check for check in found.checks if check.verdict == verdict)
    return check.state, f"{check.measure}: {check.value}"
