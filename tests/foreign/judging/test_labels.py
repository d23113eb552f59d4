"""Labels of training photos are doubted where they are wrong, and nowhere else."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import pawtrace
from pawtrace.foreign.page import write_page
from tests.foreign.colours import SIDE_PX, reader
from tests.foreign.judging.known_models import TEST, TRAIN, check_of, wide

pytestmark = pytest.mark.slow


def test_wrong_labels_among_the_training_photos_alone_are_found(tmp_path: Path) -> None:
    images, labels = TRAIN
    flipped = np.random.default_rng(2).random(len(labels)) < 0.25
    found = pawtrace.diagnose(wide(), TEST, (images, np.where(flipped, 1 - labels, labels)))
    assert found.verdict == "label_noise"
    assert found.sentence.startswith("In the training photos")
    named = {int(suspect.id) for suspect in found.suspects}
    assert len(named & set(np.flatnonzero(flipped))) > 0.7 * len(named)
    assert f"suspects    {found.suspects[0].id} " in found.text
    write_page(tmp_path / "page.html", found)
    assert "Labels that are probably wrong" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("share", "cause", "words"),
    [(1.0, "reversed", "classes are swapped"), (0.5, "unrelated", "nothing to do")],
)
def test_training_labels_that_contradict_those_of_test_are_no_overfitting(
    share: float, cause: str, words: str
) -> None:
    images, labels = TRAIN
    flipped = np.random.default_rng(2).random(len(labels)) < share
    found = pawtrace.diagnose(wide(), TEST, (images, np.where(flipped, 1 - labels, labels)))
    assert (found.verdict, found.cause, found.suspects) == ("label_noise", cause, [])
    assert words in found.sentence


def test_right_on_test_photos_is_not_dead_though_most_units_are_zero_and_the_training_labels_random() -> None:
    images, labels = TRAIN
    shuffled = np.random.default_rng(2).permutation(labels)
    found = pawtrace.diagnose(mostly_zero(), TEST, (images, shuffled))
    assert found.verdict == "label_noise"
    assert check_of(found, "dead")[0] == "passed"


def mostly_zero() -> keras.Model:
    """Right on these photos by two of 64 units, the others are zero."""
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    convolution, dense = layers.Conv2D(64, 1, activation="relu"), layers.Dense(1, activation="sigmoid")
    model = keras.Model(images, dense(layers.GlobalAveragePooling2D()(convolution(images))))
    kernel, head = np.zeros((1, 1, 3, 64), np.float32), np.zeros((64, 1), np.float32)
    kernel[0, 0, 0, 0] = kernel[0, 0, 2, 1] = 1
    head[:2, 0] = 0.1, -0.1
    convolution.set_weights([kernel, np.zeros(64, np.float32)])
    dense.set_weights([head, np.zeros(1, np.float32)])
    model.compile("adam", "binary_crossentropy")
    return model


def test_right_labels_are_not_doubted() -> None:
    found = pawtrace.diagnose(wide(), TEST, TRAIN)
    assert found.verdict == "healthy"
    assert check_of(found, "label_noise")[0] == "passed"


def test_saturated_answers_are_not_called_a_guess() -> None:
    model = reader()
    model.layers[-1].set_weights([1e4 * values for values in model.layers[-1].get_weights()])
    state, words = check_of(pawtrace.diagnose(model, TEST, TRAIN), "label_noise")
    assert state == "not known"
    assert "exactly 0 or 1" in words
