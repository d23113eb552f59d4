"""Weights come from a file or from Keras's own site; a file with none for this network is one line."""

import re
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from pawtrace.config.imagenet import PUBLISHED
from pawtrace.learning.networks.backbones import build_backbone
from tests.learning.networks.building import keras_backbone, refusal
from tests.learning.tiny import tiny_train
from tests.published_weights import count_as_published

pytestmark = pytest.mark.slow


@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")  # Keras's MobileNetV2, of 32 px
@pytest.mark.parametrize(
    "backbone", ["vgg16", pytest.param("mobilenet_v2", marks=pytest.mark.long), "efficientnet_b0"]
)
def test_imagenet_weights_at_hand_make_what_keras_makes_of_them(
    backbone: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = keras_backbone(backbone)
    for layer in source.layers:  # as EfficientNet's file has them
        if isinstance(layer, keras.layers.Normalization):
            count = layer.get_weights()[2]
            layer.set_weights([np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]), count])
    path = project / "data/weights" / PUBLISHED[backbone].file_name
    path.parent.mkdir(parents=True)
    source.save(path)
    count_as_published(path, backbone, monkeypatch)
    monkeypatch.setattr(keras.utils, "get_file", lambda *_, **__: pytest.fail("asked the network"))
    monkeypatch.setattr(file_utils, "get_file", lambda *_, **__: str(path))
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    ours = build_backbone(tiny_train(backbone=backbone, weights="imagenet")).predict(images, verbose=0)
    theirs = keras_backbone(backbone, "imagenet").predict(images, verbose=0)
    assert theirs.std() > 0
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_imagenet_weights_that_are_not_at_hand_are_fetched_with_their_hash(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, published, asked = keras_backbone("vgg16"), PUBLISHED["vgg16"], []

    def get_file(name: str, url: str, *, file_hash: str, cache_subdir: str) -> str:
        asked.append((name, url, file_hash, cache_subdir))
        source.save(project / name)
        count_as_published(project / name, "vgg16", monkeypatch)
        return str(project / name)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    loaded = build_backbone(tiny_train(weights="imagenet"))
    assert asked == [(published.file_name, published.url, published.md5, "models")]
    np.testing.assert_array_equal(loaded.get_weights()[0], source.get_weights()[0])


def test_a_copy_of_imagenet_weights_that_is_another_file_is_refused(project: Path) -> None:
    path = project / "data/weights" / PUBLISHED["vgg16"].file_name
    path.parent.mkdir(parents=True)
    path.write_text("<html>404</html>")
    assert f"data/weights/{path.name}: expected the published file" in refusal(weights="imagenet")


def test_weights_that_keras_downloads_without_a_hash_are_checked_by_their_size(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "download.h5"
    path.write_bytes(b"cut off")
    monkeypatch.setattr(keras.utils, "get_file", lambda *_, **__: str(path))
    message = refusal(weights="imagenet", backbone="mobilenet_v2")
    assert (
        f"download.h5: expected the published file ({PUBLISHED['mobilenet_v2'].num_bytes:,} bytes)" in message
    )
    assert "found another one (7 bytes)" in message


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    source = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    path = tmp_path / "vgg16.weights.h5"
    source.save_weights(path)
    loaded = build_backbone(tiny_train(weights=str(path)))
    np.testing.assert_array_equal(loaded.get_weights()[0], source.get_weights()[0])


def test_missing_or_foreign_weights_are_named(tmp_path: Path) -> None:
    assert "none.weights.h5" in refusal(weights=str(tmp_path / "none.weights.h5"))
    path = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]).save_weights(path)
    assert re.search("other.weights.h5: .*VGG16.*include_top=False.*block1_conv1", refusal(weights=str(path)))


def test_the_weights_of_another_network_are_one_line_and_no_warnings(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "mobilenet.weights.h5"
    keras_backbone("mobilenet_v2").save_weights(path)
    assert re.search(
        r"mobilenet.weights.h5: .*VGG16.*\.weights\.h5, \.h5 or \.keras", refusal(weights=str(path))
    )
    assert [warning for warning in recwarn if "Skipping nested" in str(warning.message)] == []


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("weights.pt", b"PK", "ends in .pt"),
        ("weights.h5", b"<html></html>", "no complete HDF5"),
        ("w.weights.h5", b"\x89HDF\r\n\x1a\n", "no complete HDF5"),
        ("weights.keras", b"<html></html>", "no complete zip"),
    ],
)
def test_what_is_no_weights_file_is_called_so(tmp_path: Path, name: str, content: bytes, found: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert re.search(f"{name}: expected the weights of VGG16.*{found}", refusal(weights=str(tmp_path / name)))


def test_arrays_that_declare_more_than_the_file_stores_are_refused_unread(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "sparse.h5", "w") as file:
        file.create_dataset("x", shape=(2**20, 2**20), dtype="f8", chunks=(1024, 1024))
    assert "decompression bomb" in refusal(weights=str(tmp_path / "sparse.h5"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_with_their_layer(tmp_path: Path, value: float) -> None:
    network = keras_backbone("vgg16")
    kernel = network.get_layer("block3_conv2").kernel
    broken = np.array(kernel)
    broken[1, 1, 5, 7] = value
    kernel.assign(broken)
    network.save_weights(tmp_path / "broken.weights.h5")
    network.save(tmp_path / "broken.keras")
    for changes in ({"weights": "broken.weights.h5"}, {"backbone": "broken.keras"}):
        message = refusal(**{key: str(tmp_path / name) for key, name in changes.items()})
        assert re.search("1 of 589,824 values .*not finite.* kernel of layer .*block3_conv2", message)


def test_imagenet_weights_that_cannot_be_fetched_are_one_line_with_what_to_do(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure on https://example.org/vgg16.h5: None -- unreachable")

    monkeypatch.setattr(keras.utils, "get_file", offline)
    monkeypatch.setenv("KERAS_HOME", str(project))
    message = refusal(weights="imagenet")
    assert "URL fetch failure" in message
    assert re.search(r"vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5.*https://", message)
    assert re.search(f"data/weights/.*{project}/models/", message)
    assert "weights null" in message
