"""`pawtrace backbone`: a published network as one file, with the scaling inside, from weights at hand."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pawtrace.__main__ import main
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.probes.grad_cam import attention_maps
from tests.conftest import WriteParams
from tests.learning.tiny import tiny_train
from tests.published_weights import count_as_published

NAME = "mobilenet_v2"
MODULES = {"vgg16": "vgg16", "mobilenet_v2": "mobilenet_v2", "efficientnet_b0": "efficientnet"}
FILE = Path("data/weights/mobilenet_v2.keras")


@pytest.fixture
def weights(write_params: WriteParams) -> Path:
    """A file with random weights of MobileNetV2, as Keras saves them."""
    write_params()
    keras.utils.set_random_seed(0)
    path = Path("mine.weights.h5")
    application().save_weights(path)
    return path


def application() -> keras.Model:
    return keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(96, 96, 3))


def backbone(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["backbone", *words])
    return ended.value.code


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "vgg16" else pytest.mark.long)  # the others are far deeper
        for name in PUBLISHED
    ],
)
def test_the_file_takes_rgb_bytes_of_any_size_and_scales_them_as_the_weights_expect(
    write_params: WriteParams, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    keras.utils.set_random_seed(0)
    build = getattr(keras.applications, PUBLISHED[name].application)
    expected = build(include_top=False, weights=None, input_shape=(96, 96, 3))
    expected.save_weights("mine.weights.h5")
    assert backbone(name, "--from", "mine.weights.h5") == 0
    assert "not the file that Keras publishes" in capsys.readouterr().out
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype(np.float32)
    scaled = getattr(keras.applications, MODULES[name]).preprocess_input(images.copy())
    made = keras.saving.load_model(f"data/weights/{name}.keras")
    assert made.input_shape == (None, None, None, 3)
    found, wanted = made.predict(images), expected.predict(scaled)
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.slow
def test_a_recipe_can_be_built_on_the_file_and_asked_where_it_looks(weights: Path) -> None:
    assert backbone(NAME, "--from", str(weights)) == 0
    whole = build_classifier(tiny_train(backbone=str(FILE), image_size_px=128)).whole
    images = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    assert attention_maps(whole, images).shape[0] == 2


@pytest.mark.slow
def test_the_published_file_is_known_by_its_content_and_kept_for_later(
    weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count_as_published(weights, NAME, monkeypatch)
    renamed = PUBLISHED[NAME]._replace(url="https://example.org/published.weights.h5")
    monkeypatch.setitem(PUBLISHED, NAME, renamed)
    assert backbone(NAME, "--from", str(weights)) == 0
    assert "the ImageNet weights that Keras publishes" in capsys.readouterr().out
    assert Path("data/weights/published.weights.h5").read_bytes() == weights.read_bytes()
    FILE.unlink()
    assert backbone(NAME) == 0  # without asking the network
    assert FILE.is_file()


@pytest.mark.slow
def test_weights_of_another_network_are_refused_in_one_line(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backbone("vgg16", "--from", str(weights)) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("pawtrace")]
    assert "expected the weights of keras.applications.VGG16(include_top=False)" in line
    assert not Path("data/weights").exists() or not list(Path("data/weights").iterdir())


def test_a_changed_copy_of_the_published_file_is_refused(
    write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    changed = Path(PUBLISHED["vgg16"].file_name)
    changed.write_bytes(b"changed")
    assert backbone("vgg16", "--from", str(changed)) == 2
    assert f"md5 {PUBLISHED['vgg16'].md5}" in capsys.readouterr().err


def test_without_network_or_file_one_line_says_what_to_fetch(
    write_params: WriteParams, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    monkeypatch.setenv("KERAS_HOME", "nowhere")
    monkeypatch.setattr("pawtrace.setup.published_weights.unreachable", lambda url: f"no way to {url}")
    assert backbone("vgg16") == 2
    said = capsys.readouterr().err
    assert PUBLISHED["vgg16"].url in said
    assert f"pawtrace backbone vgg16 --from {PUBLISHED['vgg16'].file_name}" in said
    assert backbone("vgg16", "--from", "missing.h5") == 2
    assert "missing.h5: expected a file of weights, found none" in capsys.readouterr().err
