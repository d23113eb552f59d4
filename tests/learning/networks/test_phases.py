"""A phase freezes the backbone up to the layer that it names."""

import keras
import numpy as np
import pytest

from pawtrace.base.errors import ParamsError
from pawtrace.config.train_params import Phase
from pawtrace.learning.networks.backbones import vgg16
from pawtrace.learning.networks.phases import begin_phase, learning_rate_of, set_trainable
from tests.learning.tiny import tiny_train


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    return vgg16(32, "he_normal", momentum=0.9)


def trainable_convolutions(backbone: keras.Model) -> list[str]:
    return [
        layer.name for layer in backbone.layers if isinstance(layer, keras.layers.Conv2D) and layer.trainable
    ]


def test_none_and_all(backbone: keras.Model) -> None:
    set_trainable(backbone, "none")
    assert backbone.trainable_weights == []
    set_trainable(backbone, "all")
    assert len(trainable_convolutions(backbone)) == 13


def test_from_a_block_on_and_back_again(backbone: keras.Model) -> None:
    set_trainable(backbone, "block5")
    assert trainable_convolutions(backbone) == ["block5_conv1", "block5_conv2", "block5_conv3"]
    set_trainable(backbone, "block4_conv3")
    assert len(trainable_convolutions(backbone)) == 4
    set_trainable(backbone, "none")
    assert trainable_convolutions(backbone) == []


def test_batch_normalisation_can_stay_frozen_in_layers_that_learn(backbone: keras.Model) -> None:
    images = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    frozen = tiny_train(backbone="some.keras", freeze_normalization=True)
    for trainable, num_kernels in (("all", 13), ("block5", 3), ("none", 0)):
        begin_phase(backbone, Phase(trainable=trainable, num_epochs=1), frozen)
        assert len(trainable_convolutions(backbone)) == num_kernels
        assert not any("normalized" in weight.path for weight in backbone.trainable_weights)
        in_training = keras.ops.convert_to_numpy(backbone(images, training=True))
        np.testing.assert_array_equal(in_training, backbone(images, training=False))
    set_trainable(backbone, "all")
    in_training = keras.ops.convert_to_numpy(backbone(images, training=True))
    assert not np.allclose(in_training, backbone(images, training=False))


def test_every_phase_can_follow_every_other(backbone: keras.Model) -> None:
    numbers = {"none": 0, "block5": 3, "all": 13}
    for trainable in ("all", "block5", "all", "none", "block5", "none", "all"):
        set_trainable(backbone, trainable)
        kernels = [w for w in backbone.trainable_weights if w.path.endswith("kernel")]
        assert len(kernels) == numbers[trainable], trainable


def test_an_unknown_layer_is_refused_with_the_known_ones(backbone: keras.Model) -> None:
    with pytest.raises(ParamsError, match="'block9'.*block1_conv1"):
        set_trainable(backbone, "block9")


def test_a_phase_may_have_a_learning_rate_of_its_own() -> None:
    train = tiny_train(learning_rate=0.01)
    assert learning_rate_of(Phase(trainable="all", num_epochs=1), train) == 0.01
    assert learning_rate_of(Phase(trainable="all", num_epochs=1, learning_rate=0.5), train) == 0.5
