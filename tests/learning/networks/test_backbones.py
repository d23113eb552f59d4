"""Backbones are what their names say; unusable files are refused in one line."""

import re
import zipfile
from pathlib import Path
from types import ModuleType

import h5py
import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from pawtrace.base.errors import DeviceError, TrainingError
from pawtrace.config.imagenet import PUBLISHED, expected_convention, num_features, received_convention
from pawtrace.learning.networks.backbones import build_backbone, vgg16
from pawtrace.learning.networks.head_memory import require_memory_for
from pawtrace.learning.networks.input_scaling import input_scaling
from pawtrace.learning.networks.model import build_classifier
from tests.conftest import picture
from tests.learning.tiny import tiny_backbone, tiny_train
from tests.published_weights import count_as_published

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


@pytest.mark.parametrize("strided", [False, True])
def test_a_backbone_too_deep_for_the_images_is_refused_with_their_size(tmp_path: Path, strided: bool) -> None:
    x = inputs = keras.Input((None, None, 3))
    for number in range(6):
        x = keras.layers.Conv2D(4, 3, strides=2 if strided else 1, padding="valid" if strided else "same")(x)
        x = x if strided else keras.layers.MaxPooling2D(2, name=f"pool{number}")(x)
    path = tmp_path / "deep.keras"
    keras.Model(inputs, x).save(path)
    message = refusal(backbone=str(path))
    assert re.search("deep.keras: .*images of 32 px.*train.image_size_px", message)
    big = tiny_train(backbone=str(path)).model_copy(update={"image_size_px": 256})
    assert min(build_backbone(big).compute_output_shape((None, 256, 256, 3))[1:3]) >= 1


def test_a_backbone_without_weights_is_refused(tmp_path: Path) -> None:
    inputs = keras.Input((32, 32, 3))
    keras.Model(inputs, keras.layers.AveragePooling2D(4)(inputs)).save(tmp_path / "bare.keras")
    assert re.search(
        "bare.keras: expected a network with weights", refusal(backbone=str(tmp_path / "bare.keras"))
    )


@pytest.mark.parametrize("backbone", PUBLISHED)
def test_a_head_gets_at_least_as_many_features_as_we_count(backbone: str) -> None:
    for pooling in ("flatten", "average"):
        train = tiny_train(backbone=backbone, image_size_px=32, head={"pooling": pooling})
        assert build_classifier(train).trunk.output_shape[-1] == num_features(train)


def test_a_head_that_this_machine_cannot_hold_is_refused_before_it_is_built() -> None:
    with pytest.raises(DeviceError, match=r"train\.head\.units.* 5,140,000,001 weights.* 103 GB") as error:
        require_memory_for(tiny_train(head={"units": [10_000_000]}).head, 512)
    assert "batch_size" not in str(error.value)


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
