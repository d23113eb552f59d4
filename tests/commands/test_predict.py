"""`pawtrace predict`: the good files predicted, the bad ones named, and the exit code."""

import csv
import io
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from pawtrace.__main__ import main
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.learning.networks.model import build_classifier
from tests.conftest import WriteParams
from tests.dataset.photos import photo
from tests.learning.tiny import tiny_backbone, tiny_train


@pytest.fixture(autouse=True)
def _project(write_params: WriteParams) -> None:
    """A trained recipe, and a folder of photos with a bad one."""
    write_params()
    backbone = tiny_backbone(Path("backbone.keras"))
    keras.utils.set_random_seed(0)
    Path("models/from_scratch").mkdir(parents=True)
    build_classifier(tiny_train(backbone=str(backbone))).whole.save("models/from_scratch/model.keras")
    Path("photos/deep").mkdir(parents=True)
    Path("photos/a.jpg").write_bytes(photo(1))
    Path("photos/deep/b.jpg").write_bytes(photo(2))
    Path("photos/broken.jpg").write_bytes(photo(3)[:300])


def predict(*words: str) -> object:
    with pytest.raises(SystemExit) as ending:
        main(["predict", "--model", "from_scratch", *words])
    return ending.value.code


def test_good_files_are_predicted_bad_ones_listed_and_the_exit_code_is_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert predict("photos", "missing.jpg") == 1
    said = capsys.readouterr()
    files = [line.split()[0] for line in said.out.splitlines()]
    assert files == [
        "file",
        "photos/a.jpg",
        "photos/deep/b.jpg",
    ]
    summary, broken, missing = said.err.splitlines()[-3:]
    assert re.search("pawtrace predict: .*2 of 4", summary)
    assert broken.strip() == "photos/broken.jpg: corrupt"
    assert missing.strip().startswith("missing.jpg: ")


def test_a_model_of_another_project_gets_photos_of_its_own_size(
    capsys: pytest.CaptureFixture[str], write_params: WriteParams
) -> None:
    train = tiny_train(backbone="backbone.keras", image_size_px=64)
    noise = np.random.default_rng(0).integers(
        0, 256, (96, 96, 3), np.uint8
    )  # of which shrinking leaves little
    Path("photos/a.jpg").write_bytes(encode_jpeg(noise, 95))
    Path("elsewhere").mkdir()
    build_classifier(train).whole.save("elsewhere/model.keras")
    answers = []
    for size_px in (64, 32):
        write_params({"preprocess": {"image_size_px": size_px}, "train": {"image_size_px": size_px}})
        with pytest.raises(SystemExit, match="^0$"):
            main(["predict", "--model", "elsewhere/model.keras", "photos/a.jpg", "--csv"])
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]


def test_only_good_files_end_with_0_and_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("photos/a.jpg", "photos/deep/b.jpg") == 0
    assert capsys.readouterr().err == ""


def test_q_prints_nothing_of_photos_that_are_predicted(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("-q", "photos/a.jpg") == 0
    assert capsys.readouterr() == ("", "")


def test_a_folder_shows_progress_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    predict("photos/deep")
    said = capsys.readouterr()
    assert "1/1" in said.err
    assert "1/1" not in said.out


def test_json_and_csv_say_the_same_as_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("photos", "--json") == 1
    content = json.loads(capsys.readouterr().out)
    assert content["unpredicted"] == [{"file": "photos/broken.jpg", "reason": "corrupt"}]
    assert predict("photos", "--csv") == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["p_dog"]) for row in rows] == [found["p_dog"] for found in content["predictions"]]


def test_without_any_model_it_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["predict", "photos"])
    assert ending.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.search("pawtrace predict: .*models/promoted/model.keras.*run: pawtrace promote", line)


@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
def test_where_nothing_could_be_predicted_the_exit_code_is_2(
    capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    assert predict("photos/broken.jpg", "missing.jpg", *form) == 2
    said = capsys.readouterr()
    assert "photos/broken.jpg: corrupt" in said.err
    if form == ("--json",):
        assert json.loads(said.out)["predictions"] == []
