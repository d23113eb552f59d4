"""The weights of a new model follow from the recipe's seed, whatever other threads do meanwhile."""

import random
import threading

import keras
import numpy as np
import pytest

from pawtrace.learning.networks.model import build_classifier
from tests.learning.tiny import tiny_train

pytestmark = pytest.mark.slow


def new_weights() -> list[np.ndarray]:
    train = tiny_train(seed=3, head={"units": [4], "dropout": 0.5})
    keras.utils.set_random_seed(train.seed)
    return [np.asarray(weight) for weight in build_classifier(train).whole.weights]


def test_a_thread_that_draws_meanwhile_changes_no_weight() -> None:
    alone = new_weights()
    over = threading.Event()

    def draw() -> None:
        while not over.is_set():
            random.uniform(0, 1)
            random.randint(1, 9)

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        beside = new_weights()
    finally:
        over.set()
        thread.join()
    for one, other in zip(alone, beside, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_makes_other_weights_and_randint_is_as_before() -> None:
    before = random.randint
    one, other = (build_classifier(tiny_train(seed=seed)).whole.weights[0] for seed in (0, 1))
    assert not np.array_equal(np.asarray(one), np.asarray(other))
    assert random.randint == before
