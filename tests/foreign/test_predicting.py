"""`pawtrace predict --model` with a model that pawtrace did not train."""

from pathlib import Path

import keras
import pytest
from keras import layers

from pawtrace.__main__ import main
from tests.conftest import WriteParams
from tests.foreign.colours import SIDE_PX, photo_folder, reader


@pytest.fixture(autouse=True)
def _project(write_params: WriteParams) -> None:
    write_params()


def predict(*words: str) -> object:
    with pytest.raises(SystemExit) as ending:
        main(["predict", *words])
    return ending.value.code


def accuracy_of(lines: list[str]) -> float:
    """The share of photos in folders cats and dogs that are called so."""
    words = [line.split() for line in lines if line.startswith("photos/")]
    return sum(name.split("/")[1] == f"{label}s" for name, label, _ in words) / len(words)


@pytest.mark.parametrize("model", [reader(scale=1 / 255), reader(sign=-1.0), reader(activation=None)])
def test_photos_in_class_folders_tell_how_the_model_is_fed(
    model: keras.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    model.save("foreign.keras")
    photo_folder(Path("photos"), 40)
    assert predict("photos", "--model", "foreign.keras") == 0
    assert accuracy_of(capsys.readouterr().out.splitlines()) > 0.9


def test_folders_tell_the_label_even_if_file_names_say_something_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader(scale=1 / 255).save("foreign.keras")
    photo_folder(Path("photos"), 40)
    for number, photo in enumerate(sorted(Path("photos").rglob("*.*"))):
        photo.rename(photo.with_name(f"{('cat', 'dog')[number % 2]}.{number}{photo.suffix}"))
    assert predict("photos", "--model", "foreign.keras") == 0
    assert accuracy_of(capsys.readouterr().out.splitlines()) > 0.9


def test_without_labels_a_scaling_layer_in_the_model_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    model = keras.Model(images, reader(scale=1 / 255)(layers.Rescaling(1 / 255)(images)))
    model.save("foreign.keras")
    photo_folder(Path("photos"), 6)
    assert predict("photos", "--model", "foreign.keras") == 0
    said = capsys.readouterr()
    assert accuracy_of(said.out.splitlines()) > 0.8
    assert "input scaling RGB 0..255; class 1 is dog" in said.err


def test_a_model_of_which_nothing_tells_it_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    reader(scale=1 / 255).save("foreign.keras")
    photo_folder(Path("photos"), 6)
    assert predict("photos", "--model", "foreign.keras") == 2
    assert "pawtrace diagnose foreign.keras PHOTOS" in capsys.readouterr().err.splitlines()[-1]


def test_a_model_by_its_path_needs_no_project(capsys: pytest.CaptureFixture[str]) -> None:
    reader(scale=1 / 255).save("foreign.keras")
    photo_folder(Path("photos"), 40)
    Path("params.yaml").unlink()
    assert predict("photos", "--model", "foreign.keras") == 0
    assert accuracy_of(capsys.readouterr().out.splitlines()) > 0.9
    assert predict("photos") == 2
    assert (
        "expected a project here, found none; name a model of yours with --model" in capsys.readouterr().err
    )


@pytest.mark.filterwarnings("ignore:(.|\n)*softmax over axis")  # Keras says so while the model is built
def test_a_softmax_over_one_unit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    reader(activation="softmax").save("foreign.keras")
    photo_folder(Path("photos"), 20)
    assert predict("photos", "--model", "foreign.keras") == 2
    assert "which is always 1" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["predict", "--model", "none.keras", "photos"], "none.keras is missing"),
        (["diagnose", "none.keras", "photos"], "none.keras is missing"),
        (["diagnose", "model.keras", "none"], "none is missing"),
        (["diagnose", "model.keras", "photos", "--train", "none"], "--train none is missing"),
        (["diagnose", "model.keras", "photos", "--history", "none.csv"], "--history none.csv is missing"),
    ],
)
def test_a_path_that_is_missing_is_named_before_anything_is_read(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.keras").write_text("no model: it would be refused")
    (tmp_path / "photos").mkdir()
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert said in capsys.readouterr().err
