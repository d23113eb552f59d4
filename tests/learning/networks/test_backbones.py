"""Backbones are what their names say; unusable files are refused in one line."""

import re
import zipfile
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from pawtrace.base.errors import TrainingError
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.learning.networks.backbones import build_backbone, vgg16
from pawtrace.learning.networks.input_scaling import convention_of, input_scaling
from tests.conftest import picture
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow

APPLICATIONS = {"vgg16": "VGG16", "mobilenet_v2": "MobileNetV2", "efficientnet_b0": "EfficientNetB0"}


def keras_backbone(backbone: str, weights: str | None = None) -> keras.Model:
    build = getattr(keras.applications, APPLICATIONS[backbone])
    return build(include_top=False, weights=weights, input_shape=(32, 32, 3))


@pytest.mark.parametrize("backbone", APPLICATIONS)
def test_from_scratch_is_what_keras_builds(backbone: str) -> None:
    keras.utils.clear_session()  # which starts the numbers in layers' names anew
    ours = build_backbone(tiny_train(backbone=backbone))
    keras.utils.clear_session()
    theirs = keras_backbone(backbone)
    assert [layer.get_config() for layer in ours.layers] == [layer.get_config() for layer in theirs.layers]


@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")  # Keras's MobileNetV2, of 32 px
@pytest.mark.parametrize("backbone", APPLICATIONS)
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
    source = keras_backbone("vgg16")
    asked = []

    def get_file(name: str, url: str, *, file_hash: str, cache_subdir: str) -> str:
        asked.append((name, url, file_hash, cache_subdir))
        source.save(project / name)
        return str(project / name)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    loaded = build_backbone(tiny_train(weights="imagenet"))
    published = PUBLISHED["vgg16"]
    assert asked == [(published.file_name, published.url, published.md5, "models")]
    np.testing.assert_array_equal(loaded.get_weights()[0], source.get_weights()[0])


def test_a_damaged_copy_of_imagenet_weights_is_named(project: Path) -> None:
    path = project / "data/weights" / PUBLISHED["vgg16"].file_name
    path.parent.mkdir(parents=True)
    path.write_text("<html>404</html>")
    assert f"data/weights/{path.name}: expected weights of vgg16" in refusal(weights="imagenet")


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
    train = tiny_train(backbone=backbone, input_scaling=scaling)
    return np.asarray(
        keras.Model(images, input_scaling(convention_of(train), images)).predict(batch, verbose=0)
    )


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
    model = keras.Model(images, input_scaling(convention_of(tiny_train(backbone=str(path))), images))
    np.testing.assert_array_equal(model.predict(picture(0, 32, 32)[None], verbose=0)[0], picture(0, 32, 32))
    assert build_backbone(tiny_train(backbone=str(path))).output_shape == (None, None, None, 8)


def refusal(**changes: object) -> str:
    with pytest.raises(TrainingError) as error:
        build_backbone(tiny_train(**changes))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_missing_backbone_is_named(tmp_path: Path) -> None:
    assert "nowhere.keras" in refusal(backbone=str(tmp_path / "nowhere.keras"))


def test_a_truncated_model_is_not_said_to_be_missing(tmp_path: Path) -> None:
    path = tiny_backbone(tmp_path / "cut.keras", 32, 3)
    path.write_bytes(path.read_bytes()[:-100])
    message = refusal(backbone=str(path))
    assert re.search("cut.keras: .*Keras model.*truncated", message)


def test_a_zip_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "photos.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Cat/1.jpg", b"")
    assert re.search("photos.keras: .*Keras model", refusal(backbone=str(path)))


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_that_was_never_built_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unbuilt.keras"
    keras.Sequential([keras.layers.Conv2D(4, 3)]).save(path)
    assert "built" in refusal(backbone=str(path))


@pytest.mark.parametrize(("size_px", "channels"), [(64, 3), (None, 1)])
def test_a_backbone_for_other_images_is_refused_with_both_shapes(
    tmp_path: Path, size_px: int | None, channels: int
) -> None:
    message = refusal(backbone=str(tiny_backbone(tmp_path / "b.keras", size_px, channels)))
    assert message.index("(None, 32, 32, 3)") < message.index(f"(None, {size_px}, {size_px}, {channels})")


def test_a_classifier_instead_of_a_backbone_is_refused(tmp_path: Path) -> None:
    inputs = keras.Input((32, 32, 3))
    path = tmp_path / "classifier.keras"
    keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs))).save(path)
    assert "(None, h, w, c)" in refusal(backbone=str(path))


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
    assert re.search("other.weights.h5: .*vgg16", refusal(weights=str(path)))


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
