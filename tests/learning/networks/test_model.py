"""The saved model takes uint8 RGB and needs nothing of ours to be loaded."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.networks.phases import set_trainable
from tests.conftest import picture
from tests.learning.tiny import tiny_train

pytestmark = pytest.mark.slow

IMAGES = np.stack([picture(seed, 32, 32) for seed in range(3)])


def test_a_saved_classifier_is_loaded_by_plain_keras(tmp_path: Path) -> None:
    whole = build_classifier(tiny_train(head={"units": [4, 3], "dropout": 0.5, "l2": 0.1})).whole
    whole.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", IMAGES)
    code = (
        "import keras, numpy, sys; model = keras.saving.load_model('model.keras', safe_mode=True);"
        "numpy.save('out.npy', model.predict(numpy.load('images.npy'), verbose=0));"
        "assert 'pawtrace' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    expected = whole.predict(IMAGES, verbose=0)
    assert expected.shape == (3, 1)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)


def test_the_parts_share_the_weights_of_the_whole() -> None:
    parts = build_classifier(tiny_train())
    features = parts.trunk.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(
        parts.head.predict(features, verbose=0), parts.whole.predict(IMAGES, verbose=0), rtol=1e-5
    )
    assert parts.whole.count_params() == parts.backbone.count_params() + parts.head.count_params()


def test_the_head_is_the_articles() -> None:
    parts = build_classifier(tiny_train(head={"pooling": "flatten", "units": [256], "dropout": 0.5}))
    names = [type(layer).__name__ for layer in parts.head.layers[1:]]
    assert names == ["Dense", "Dropout", "Dense", "Activation"]
    assert parts.head.layers[1].units == 256
    assert parts.head.output_shape == (None, 1)


def test_l1_and_l2_apply_to_the_dense_layers() -> None:
    assert build_classifier(tiny_train()).whole.losses == []
    assert len(build_classifier(tiny_train(head={"l1": 0.01})).whole.losses) == 2


def test_freezing_the_backbone_leaves_the_head() -> None:
    parts = build_classifier(tiny_train(initializer="he_normal", batch_normalization=True))
    set_trainable(parts.backbone, "none")
    assert len(parts.whole.trainable_weights) == len(parts.head.trainable_weights) == 4


@pytest.mark.parametrize("initializer", ["glorot_uniform", "he_normal"])
def test_the_hidden_layers_of_the_head_start_as_the_backbones_do(initializer: str) -> None:
    parts = build_classifier(tiny_train(initializer=initializer, head={"units": [256]}))
    kernel = parts.head.get_layer("dense1").kernel.numpy()
    fan_in, fan_out = kernel.shape
    expected = {"glorot_uniform": 2 / (fan_in + fan_out), "he_normal": 2 / fan_in}[initializer]
    assert np.var(kernel) == pytest.approx(expected, rel=0.1)


def test_dropout_without_dense_layers_acts_on_the_features() -> None:
    head = build_classifier(tiny_train(head={"units": [], "dropout": 0.9})).head
    features = np.ones((200, *head.input_shape[1:]), np.float32)
    answers = np.asarray(head(features, training=True))
    assert len(np.unique(answers)) > 5
    assert len(np.unique(np.asarray(head(features, training=False)))) == 1
