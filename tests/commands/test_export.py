"""`pawtrace export`: what is left behind answers as the original does, or is not left behind."""

import importlib.util
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from pawtrace.__main__ import main
from pawtrace.dataset.examples.shards import open_records
from pawtrace.inference import export
from pawtrace.inference.agreement import some_squares
from pawtrace.inference.export import FORMATS, predict_exported
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.predict import load_classifier
from tests.conftest import WriteParams, write_records
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow

MODEL = Path("models/from_scratch/model.keras")
PLACES = {
    "savedmodel": "exports/from_scratch",
    "onnx": "exports/from_scratch.onnx",
    "tflite": "exports/from_scratch.tflite",
}
needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(package) is None for package in FORMATS["onnx"].packages),
    reason="the packages of the extra `export` are not installed",
)


@pytest.fixture(autouse=True)
def _project(write_params: WriteParams) -> None:
    """A trained recipe, in mixed precision, and records."""
    write_params()
    write_records(Path("data/records"), {"train": 2, "validation": 2, "test": 9})
    backbone = tiny_backbone(Path("backbone.keras"))
    keras.utils.set_random_seed(0)
    MODEL.parent.mkdir(parents=True)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        build_classifier(tiny_train(backbone=str(backbone), head={"units": [16]})).whole.save(MODEL)
    finally:
        keras.config.set_dtype_policy("float32")


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as ending:
        main(["export", "--model", "from_scratch", *words])
    return ending.value.code


@pytest.mark.parametrize("name", ["savedmodel", pytest.param("onnx", marks=needs_onnx), "tflite"])
def test_an_export_answers_as_the_model_does_for_any_batch(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--format", name) == 0
    place = Path(PLACES[name])
    assert re.search(f"{place}: .*{MODEL}.*9 test pictures", capsys.readouterr().out)
    images = some_squares(open_records(Path("data/records"))["test"], 32)
    original = np.asarray(load_classifier(MODEL).predict(images, verbose=0))[:, 0]
    np.testing.assert_allclose(predict_exported(name, place, images), original, atol=0.01)
    assert predict_exported(name, place, images[:1]).shape == (1,)


def test_an_export_that_does_not_agree_is_not_left_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = export.export_model

    def export_another(model: keras.Model, name: str, path: Path) -> None:
        model.set_weights([weights + np.float32(0.1) for weights in model.get_weights()])
        real(model, name, path)

    monkeypatch.setattr(export, "export_model", export_another)
    Path("exports").mkdir()
    Path(PLACES["tflite"]).write_text("the one before")
    assert run("--format", "tflite") == 1
    said = capsys.readouterr().err
    assert re.search("float32.*0.0001.*9 test pictures", said)
    assert Path(PLACES["tflite"]).read_text() == "the one before"
    assert [path.name for path in Path("exports").iterdir()] == ["from_scratch.tflite"]


def test_a_missing_package_is_one_line_with_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else name)
    assert run("--format", "onnx") == 2
    assert re.search(r"tf2onnx.*run: pip install -e '.\[export\]'", capsys.readouterr().err.splitlines()[-1])


def test_a_folder_of_something_else_is_not_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--format", "savedmodel", "--output", "data") == 2
    assert re.search("data: .*savedmodel", capsys.readouterr().err)
    assert Path("data/records/manifest.json").exists()


def test_without_records_nothing_is_exported(capsys: pytest.CaptureFixture[str]) -> None:
    Path("data/records").rename("gone")
    assert run("--format", "tflite") == 2
    assert re.search("data/records/manifest.json.*run: dvc repro preprocess", capsys.readouterr().err)
    assert not Path("exports").exists()
