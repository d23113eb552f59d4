"""A linear probe finds the input convention that a backbone was trained with."""

import keras
import numpy as np
import pytest

from pawtrace.learning.probes.linear_probe import linear_probe
from pawtrace.learning.probes.sample import Sample
from tests.learning.tiny import tiny_train

pytestmark = pytest.mark.slow


def test_the_convention_under_which_features_serve_best_is_found() -> None:
    """A backbone that sees something only where its inputs are -1..1: beyond that it is flat."""
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Activation("tanh")(keras.layers.Rescaling(20.0)(inputs))
    backbone = keras.Model(inputs, keras.layers.AveragePooling2D(8)(x))
    train = tiny_train(backbone="any.keras")
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    # Dogs a little brighter around the middle of the range.
    images = (110 + 36 * labels)[:, None, None, None] + random.normal(0, 30, (60, 32, 32, 3))
    sample = Sample(images.astype(np.uint8), labels[:, None].astype(np.float32), tuple(map(str, labels)))
    samples = {"train": sample, "test": sample}
    found = linear_probe(backbone, train, samples, 40, 16)
    assert found["received"] == "zero_to_255"
    assert found["expected"] in ("minus_one_to_one", "bgr_minus_one_to_one", "torch")
    right = {name: one["num_right"] for name, one in found["conventions"].items()}
    assert right[found["expected"]] > right["zero_to_255"] + 5
    assert set(found["judges"]) == {"zero_to_255", found["expected"]}
    assert len(found["judges"]["zero_to_255"]["probabilities"]) == 120
