"""The published VGG16 is known by its first biases; a fine-tuned one may have adapted to its inputs."""

from types import SimpleNamespace
from typing import Any, cast

import keras
import numpy as np
import pytest
from keras import layers

from pawtrace.diagnosis.finding import NotKnown
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.judging.input_scaling import of_pretrained
from pawtrace.foreign.measuring.network import _VGG16_BIASES, network_of
from pawtrace.results.probe_results import LinearProbe
from tests.results.made_up_results import made_up_linear_probe


@pytest.mark.parametrize(
    ("change", "is_vgg16", "is_trained"), [(0.0, True, False), (2e-4, True, True), (1.0, False, False)]
)
def test_training_shows_in_the_first_biases(change: float, is_vgg16: bool, is_trained: bool) -> None:
    inputs = keras.Input((32, 32, 3))
    first = layers.Conv2D(12, 3, name="block1_conv1")
    x = layers.GlobalAveragePooling2D()(first(inputs))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    signs = np.random.default_rng(0).choice([-1, 1], 12)
    first.set_weights([first.get_weights()[0], np.float32(_VGG16_BIASES) + np.float32(change * signs)])
    network = network_of(model, (32, 32))
    assert (network.is_imagenet_vgg16, network.is_trained_vgg16) == (is_vgg16, is_trained)


def test_where_the_weights_are_the_published_ones_a_hair_counts() -> None:
    one_of_160 = made_up_linear_probe("1" * 140 + "0" * 20, "0" + "1" * 139 + "0" * 20)
    assert of_pretrained(facts_of_vgg16(one_of_160, is_trained=False)).applies


def test_features_judge_no_scaling_with_which_the_whole_vgg16_was_trained() -> None:
    much = made_up_linear_probe("1" * 140 + "0" * 20, "1" * 100 + "0" * 60)
    assert of_pretrained(facts_of_vgg16(much, is_trained=False)).applies
    with pytest.raises(NotKnown, match="adapted"):
        of_pretrained(facts_of_vgg16(much, is_trained=True))


def facts_of_vgg16(linear_probe: dict[str, Any], *, is_trained: bool) -> ForeignFacts:
    """Of a model that is right on 83 % of its test photos."""
    network = SimpleNamespace(
        expected_convention="caffe", is_imagenet_vgg16=True, is_trained_vgg16=is_trained, family="vgg16"
    )
    probe = LinearProbe.model_validate(linear_probe)
    facts: Any = SimpleNamespace(
        linear_probe=probe,
        measured=SimpleNamespace(network=network, feeding=SimpleNamespace(is_certain=True)),
        linear_probe_accuracy=lambda name: probe.conventions[name].num_right / 160,
        level=lambda _: 0.83,
        test=None,
        thresholds=SimpleNamespace(underfitting_accuracy=0.9),
    )
    return cast(ForeignFacts, facts)
