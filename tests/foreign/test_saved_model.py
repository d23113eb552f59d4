"""A SavedModel is read as data: only operations that compute are run; what needs its layers is not known."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import pawtrace
from pawtrace.__main__ import main
from pawtrace.base.errors import TrainingError
from pawtrace.foreign.reading.model_file import load_foreign_model
from tests.conftest import WriteParams
from tests.foreign.colours import SIDE_PX, images_and_labels, photo_folder, reader

pytestmark = pytest.mark.slow

PICTURES = tf.TensorSpec((None, SIDE_PX, SIDE_PX, 3), tf.float32)
IMAGES = images_and_labels(4)[0].astype(np.float32)


class Program(tf.Module):  # type: ignore[misc]
    """A program that looks like a model and does something with each batch of pictures."""

    def __init__(self, act: Callable[[Any], Any]) -> None:
        """Take what it does: pictures -> (n, 1)."""
        super().__init__()
        self.weight = tf.Variable(0.5)
        self.serve = tf.function(lambda pictures: act(pictures) * self.weight, input_signature=[PICTURES])


def mean(pictures: Any) -> Any:
    return tf.reduce_mean(pictures, axis=(1, 2, 3))[:, None]


def save(act: Callable[[Any], Any], folder: Path, **others: Any) -> Path:
    program = Program(act)
    for name, other in others.items():
        setattr(program, name, other)
    tf.saved_model.save(program, folder, signatures=program.serve)
    return folder


def exported(model: keras.Model, folder: Path) -> Path:
    model.export(folder, verbose=False)
    return folder


def test_it_answers_as_the_model_that_was_exported(tmp_path: Path) -> None:
    model = reader(scale=1 / 255, units=2, activation="softmax")
    file = load_foreign_model(exported(model, tmp_path / "exported"))
    np.testing.assert_allclose(
        np.asarray(file.model(IMAGES / 255)), np.asarray(model(IMAGES / 255)), rtol=1e-5
    )
    assert file.model.count_params() == model.count_params()


def test_one_of_tf_saved_model_save_answers_too(tmp_path: Path) -> None:
    file = load_foreign_model(save(mean, tmp_path / "saved"))
    np.testing.assert_allclose(
        np.asarray(file.model(IMAGES))[:, 0], IMAGES.mean(axis=(1, 2, 3)) / 2, rtol=1e-4
    )


def test_two_of_them_can_be_loaded_into_one_process(tmp_path: Path) -> None:
    first = load_foreign_model(exported(reader(), tmp_path / "first")).model
    second = load_foreign_model(exported(reader(sign=-1.0), tmp_path / "second")).model
    np.testing.assert_allclose(np.asarray(first(IMAGES)), 1 - np.asarray(second(IMAGES)), atol=1e-5)


def hostile_writes(path: str) -> dict[str, Callable[[Any], Any]]:
    """Programs that would write a file, by the operation that does it."""

    def write(pictures: Any) -> Any:
        tf.io.write_file(path, "harm")
        return mean(pictures)

    def save_tensor(pictures: Any) -> Any:
        tf.raw_ops.SaveV2(prefix=path, tensor_names=["x"], shape_and_slices=[""], tensors=[pictures])
        return mean(pictures)

    def python(pictures: Any) -> Any:
        def write_and_pass(values: np.ndarray) -> np.ndarray:
            Path(path).write_text("harm")
            return values

        return tf.ensure_shape(tf.numpy_function(write_and_pass, [mean(pictures)], tf.float32), (None, 1))

    def eager(pictures: Any) -> Any:
        return tf.ensure_shape(tf.py_function(lambda values: values, [mean(pictures)], tf.float32), (None, 1))

    def read(pictures: Any) -> Any:
        return mean(pictures) + tf.cast(tf.strings.length(tf.io.read_file(path)), tf.float32)

    def show(pictures: Any) -> Any:
        tf.print("harm", output_stream=f"file://{path}")
        return mean(pictures)

    return {"WriteFile": write, "SaveV2": save_tensor, "PyFunc": python, "EagerPyFunc": eager,
            "ReadFile": read, "PrintV2": show}  # fmt: skip


@pytest.mark.parametrize("name", hostile_writes(""))
def test_a_program_that_does_more_than_compute_is_refused_and_not_run(tmp_path: Path, name: str) -> None:
    target = tmp_path / "written"
    folder = save(hostile_writes(str(target))[name], tmp_path / "hostile")
    with pytest.raises(TrainingError, match=rf"found {name}, which may do more.*model\.save") as refused:
        load_foreign_model(folder)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.glob("written*"))


def test_an_operation_in_a_function_that_nothing_calls_is_refused_too(tmp_path: Path) -> None:
    write = tf.function(hostile_writes(str(tmp_path / "written"))["WriteFile"], input_signature=[PICTURES])
    with pytest.raises(TrainingError, match="found WriteFile"):
        load_foreign_model(save(mean, tmp_path / "hostile", unused=write))


@pytest.mark.parametrize("damage", ["graph", "weights", "no weights", "empty", "bomb"])
def test_a_damaged_folder_is_refused_in_one_line(tmp_path: Path, damage: str) -> None:
    folder = exported(reader(), tmp_path / "model")
    graph, (data,) = folder / "saved_model.pb", (folder / "variables").glob("*.data-*")
    if damage == "graph":
        graph.write_bytes(graph.read_bytes()[:-500])
    elif damage == "weights":
        data.write_bytes(data.read_bytes()[:8])
    elif damage == "no weights":
        data.unlink()
    elif damage == "bomb":
        data.write_bytes(b"")
    else:
        graph.write_bytes(b"")
    with pytest.raises(TrainingError, match="expected a whole SavedModel of TensorFlow 2") as refused:
        load_foreign_model(folder)
    assert "\n" not in str(refused.value)


def test_another_backend_than_tensorflow_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported(reader(), tmp_path / "model")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(TrainingError, match="found jax; set KERAS_BACKEND=tensorflow"):
        load_foreign_model(folder)


def test_a_batch_of_fixed_size_is_refused(tmp_path: Path) -> None:
    program = Program(mean)
    one = tf.TensorSpec((1, SIDE_PX, SIDE_PX, 3), tf.float32)
    tf.saved_model.save(
        program, tmp_path / "one", signatures=tf.function(program.serve.python_function, [one])
    )
    with pytest.raises(TrainingError, match="any number of pictures at once, found the input"):
        load_foreign_model(tmp_path / "one")


@pytest.mark.parametrize(
    ("units", "activation", "words"),
    [
        (1, "sigmoid", "one unit with a sigmoid"),
        (1, None, "one unit without an activation: a logit"),
        (2, "softmax", "two units with a softmax"),
    ],
)
def test_a_good_one_is_healthy_and_its_output_is_told_by_its_values(
    tmp_path: Path, units: int, activation: str | None, words: str
) -> None:
    photos = photo_folder(tmp_path / "test")
    found = pawtrace.diagnose(
        exported(reader(units=units, activation=activation), tmp_path / "model"), photos
    )
    assert found.verdict == "healthy"
    assert f"{words}" in " ".join(found.text.split())
    assert "inferred from its values" in " ".join(found.text.split())
    checks = {check.verdict: check for check in found.checks}
    for name in ("input_scaling", "stalled", "normalization_lag"):
        assert checks[name].state == "not known"
        assert "does not show its layers" in checks[name].measure


def test_a_silent_one_is_dead_without_a_cause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, photos = exported(reader(sign=0.0), tmp_path / "model"), photo_folder(tmp_path / "test")
    with pytest.raises(SystemExit) as ending:
        main(["diagnose", str(folder), str(photos), "--train", str(photo_folder(tmp_path / "train", seed=1)),
              "--json", "--html", str(tmp_path / "page.html")])  # fmt: skip
    assert ending.value.code == 1
    content = json.loads(capsys.readouterr().out)
    assert content["verdict"] == "dead"
    assert "a SavedModel does not show" in content["sentence"]
    assert (tmp_path / "page.html").is_file()


def test_augmentation_that_is_at_work_in_it_is_noted(tmp_path: Path) -> None:
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    # Export keeps it at work: in one prediction of two a photo loses its colour, by which it is recognised.
    greyer = layers.RandomGrayscale(0.5)(images)
    folder = exported(keras.Model(images, reader(scale=30)(greyer)), tmp_path / "model")
    found = pawtrace.diagnose(folder, photo_folder(tmp_path / "test"))
    assert any("Two predictions of the same photo differ" in note for note in found.notes)
    quiet = pawtrace.diagnose(exported(reader(), tmp_path / "quiet"), tmp_path / "test")
    assert not any("Two predictions" in note for note in quiet.notes)


def test_predict_takes_one(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    exported(reader(scale=1 / 255), tmp_path / "model")
    photo_folder(tmp_path / "photos", 40)
    with pytest.raises(SystemExit) as ending:
        main(["predict", "photos", "--model", "model"])
    said = capsys.readouterr()
    assert ending.value.code == 0
    assert "class 1 is dog" in said.err
    assert sum(line.split()[1] == "dog" for line in said.out.splitlines() if "/dogs/" in line) > 17


def test_one_that_takes_bytes_is_predicted_without_labels(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    images = keras.Input((SIDE_PX, SIDE_PX, 3), dtype="uint8")
    scaled = layers.Rescaling(1 / 255)(images)
    exported(keras.Model(images, reader(scale=1 / 255)(scaled)), tmp_path / "model")
    photo_folder(tmp_path / "photos", 6)
    with pytest.raises(SystemExit) as ending:
        main(["predict", "photos", "--model", "model"])
    assert ending.value.code == 0
    assert "input scaling RGB 0..255" in capsys.readouterr().err
