"""A backbone is what its name says, computes what Keras's does, and gets inputs as it expects them."""

from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import pytest

from pawtrace.config.imagenet import PUBLISHED, expected_convention, num_features, received_convention
from pawtrace.learning.networks.backbones import build_backbone, vgg16
from pawtrace.learning.networks.input_scaling import input_scaling
from pawtrace.learning.networks.model import build_classifier
from tests.conftest import picture
from tests.learning.networks.building import APPLICATIONS, keras_backbone
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("backbone", APPLICATIONS)
def test_from_scratch_is_what_keras_builds(backbone: str) -> None:
    keras.utils.clear_session()  # which starts the numbers in layers' names anew
    ours = build_backbone(tiny_train(backbone=backbone))
    keras.utils.clear_session()
    theirs = keras_backbone(backbone)
    assert [layer.get_config() for layer in ours.layers] == [layer.get_config() for layer in theirs.layers]


def test_our_vgg16_computes_what_keras_computes_with_the_same_weights() -> None:
    theirs = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    ours = vgg16(32, "he_normal", momentum=None)
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).uniform(-100, 100, (2, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(ours.predict(images, verbose=0), theirs.predict(images, verbose=0), rtol=1e-4)


def test_normalisation_follows_every_convolution() -> None:
    model = build_backbone(tiny_train(initializer="he_normal", batch_normalization=True))
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("Conv2D") == kinds.count("BatchNormalization") == 13
    assert model.output_shape == (None, 1, 1, 512)
    images = np.random.default_rng(0).uniform(-100, 100, (8, 32, 32, 3)).astype("float32")
    # He initialisation keeps the signal alive through 13 layers.
    assert vgg16(32, "he_normal", None).predict(images, verbose=0).std() > 1


def scaled(batch: np.ndarray, backbone: str, scaling: str) -> np.ndarray:
    images = keras.Input(batch.shape[1:], dtype="uint8")
    scaling_layers = input_scaling(received_convention(scaling, backbone), images)
    return np.asarray(keras.Model(images, scaling_layers).predict(batch, verbose=0))


@pytest.mark.parametrize(
    ("backbone", "documented"),
    [
        ("vgg16", keras.applications.vgg16),
        ("mobilenet_v2", keras.applications.mobilenet_v2),
        ("efficientnet_b0", keras.applications.efficientnet),
    ],
)
def test_input_scaling_is_what_keras_documents(backbone: str, documented: ModuleType) -> None:
    batch = picture(0)[None]
    expected = documented.preprocess_input(batch.astype("float32"))
    np.testing.assert_allclose(scaled(batch, backbone, "backbone"), expected, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(scaled(batch, backbone, "unit"), batch / np.float32(255), rtol=1e-6)


def test_a_keras_file_gets_rgb_0_to_255(tmp_path: Path) -> None:
    path = tiny_backbone(tmp_path / "b.keras")
    images = keras.Input((32, 32, 3), dtype="uint8")
    model = keras.Model(images, input_scaling(expected_convention(str(path)), images))
    np.testing.assert_array_equal(model.predict(picture(0, 32, 32)[None], verbose=0)[0], picture(0, 32, 32))
    assert build_backbone(tiny_train(backbone=str(path))).output_shape == (None, None, None, 8)


@pytest.mark.parametrize("backbone", PUBLISHED)
def test_a_head_gets_at_least_as_many_features_as_we_count(backbone: str) -> None:
    for pooling in ("flatten", "average"):
        train = tiny_train(backbone=backbone, image_size_px=32, head={"pooling": pooling})
        assert build_classifier(train).trunk.output_shape[-1] == num_features(train)
