"""A model file is loaded without executing anything in it, or refused in one line."""

import os
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from pawtrace.base.errors import TrainingError
from pawtrace.foreign.reading.model_file import load_foreign_model, model_of
from tests.foreign.colours import SIDE_PX, reader


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.filterwarnings("ignore")  # Keras calls .h5 a legacy format
def test_both_formats_are_read_with_what_they_were_compiled_with(tmp_path: Path, name: str) -> None:
    model = reader()
    model.compile(
        keras.optimizers.SGD(0.25), keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    )
    model.save(tmp_path / name)
    file = load_foreign_model(tmp_path / name)
    assert file.compiled[:3] == ("sgd", 0.25, "binary_crossentropy")
    assert file.compiled.from_logits
    assert file.compiled.label_smoothing == 0.1
    images = np.ones((1, SIDE_PX, SIDE_PX, 3), np.float32)
    np.testing.assert_allclose(np.asarray(file.model(images)), np.asarray(model(images)))


def test_a_lambda_is_refused_and_not_run(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 3))
    evil = layers.Lambda(lambda x: x * float(os.environ.setdefault("PAWTRACE_RAN", "1")), (8, 8, 3))
    outputs = layers.Dense(1)(layers.Flatten()(evil(inputs)))
    keras.Model(inputs, outputs).save(tmp_path / "evil.keras")
    os.environ.pop("PAWTRACE_RAN", None)
    with pytest.raises(TrainingError, match="Lambda, which is code.*set_weights"):
        load_foreign_model(tmp_path / "evil.keras")
    assert "PAWTRACE_RAN" not in os.environ


class Halved(layers.Layer):  # type: ignore[misc]
    """A layer of somebody's own."""

    def call(self, inputs: object) -> object:
        """Half of it."""
        return inputs / 2  # type: ignore[operator]


def test_a_custom_layer_is_refused_with_what_to_do(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(Halved()(inputs))))
    model.save(tmp_path / "own.keras")
    with pytest.raises(TrainingError, match="Halved, which is code.*keras.layers"):
        load_foreign_model(tmp_path / "own.keras")


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04 cut off", b"\x89HDF\r\n\x1a\n cut off"])
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="expected a whole Keras model") as refused:
        load_foreign_model(path)
    assert "\n" not in str(refused.value)


def test_a_folder_and_a_missing_file_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="folder without one.*model.save"):
        load_foreign_model(tmp_path)
    with pytest.raises(TrainingError, match="missing"):
        load_foreign_model(tmp_path / "none.keras")


def test_a_model_with_named_input_and_output_is_taken() -> None:
    image = keras.Input((SIDE_PX, SIDE_PX, 3), name="image")
    file = model_of(keras.Model({"image": image}, {"dog": reader()(image)}))
    assert np.asarray(file.model(np.ones((2, SIDE_PX, SIDE_PX, 3), np.float32))).shape == (2, 1)


def test_a_sequential_model_without_an_input_layer_is_taken_once_it_was_called() -> None:
    model = keras.Sequential([layers.Flatten(), layers.Dense(1)])
    with pytest.raises(TrainingError, match="found a Sequential without; begin it with keras.Input"):
        model_of(model)
    model(np.ones((4, SIDE_PX, SIDE_PX, 3), np.float32))
    assert model_of(model).model is model


def test_channels_first_are_refused_with_what_to_do() -> None:
    model = keras.Sequential([keras.Input((3, SIDE_PX, SIDE_PX)), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(TrainingError, match=r"expected a model from RGB pictures.*'channels_last'"):
        model_of(model)


def test_a_file_that_is_no_whole_model_is_called_by_its_kind(tmp_path: Path) -> None:
    reader().save_weights(tmp_path / "own.weights.h5")
    reader().save(tmp_path / "own.keras")
    for name in ("own.weights.h5", "own.keras"):
        (tmp_path / f"cut_{name}").write_bytes((tmp_path / name).read_bytes()[:1000])
    (tmp_path / "own.py").write_text("import keras")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("cat.jpg", b"")
    for name, kind in {
        "own.weights.h5": "weights without the layers of a model",
        "cut_own.weights.h5": "a damaged or incomplete file",
        "cut_own.keras": "a damaged or incomplete file",
        "own.py": "another kind of file",
        "photos.zip": "a zip without config.json",
    }.items():
        with pytest.raises(TrainingError, match=f"found {kind}; save the model again"):
            load_foreign_model(tmp_path / name)


def test_weights_that_are_not_finite_are_a_finding_and_no_error(tmp_path: Path) -> None:
    model = reader()
    model.get_layer("colour").set_weights([np.full((1, 1, 3, 4), np.nan), np.zeros(4)])
    model.save(tmp_path / "nan.keras")
    assert "not finite" in str(load_foreign_model(tmp_path / "nan.keras").problem)
