"""`pawtrace diagnose` and `pawtrace.diagnose`: the verdict, the exit code, and what is needed for it."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import pawtrace
from pawtrace.__main__ import main
from pawtrace.diagnosis.cures.steps import Cure
from pawtrace.diagnosis.label_quality import Suspect
from pawtrace.foreign.defaults import thresholds
from pawtrace.foreign.page import write_page
from tests.conftest import ROOT
from tests.foreign.colours import SIDE_PX, images_and_labels, photo_folder, reader


@pytest.fixture(autouse=True)
def _no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is no project, with a test set."""
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "test")


def command(*words: str) -> object:
    with pytest.raises(SystemExit) as ending:
        main(["diagnose", *words])
    return ending.value.code


def test_a_good_model_is_healthy_and_the_exit_code_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    reader().save("good.keras")
    assert command("good.keras", "test", "--html", "page.html") == 0
    said = capsys.readouterr().out
    assert "verdict     healthy" in said
    assert "class 1 is dog" in said
    assert len(said.splitlines()) < 45
    page = Path("page.html").read_text()
    assert all(title in page for title in ("Most confident mistakes", "Kinds of photos"))


def test_the_page_draws_the_history_and_says_how_many_suspects_it_leaves_out(tmp_path: Path) -> None:
    history = {"loss": [0.9, 0.4, 0.2], "accuracy": [0.5, 0.8, 0.9]}
    found = pawtrace.diagnose(reader(), "test", history=history)
    assert found.history is not None
    id = found.measured.test_photos.ids[0] if found.measured is not None else ""
    suspects = 30 * [Suspect(id, "test", "cat", 0.9)]
    write_page(tmp_path / "page.html", found._replace(suspects=suspects))
    page = (tmp_path / "page.html").read_text()
    assert "Loss and accuracy by epoch" in page
    assert "Labels that are probably wrong, the first 24 of 30" in page
    write_page(tmp_path / "page.html", pawtrace.diagnose(reader(), "test")._replace(suspects=suspects[:3]))
    page = (tmp_path / "page.html").read_text()
    assert "Loss and accuracy by epoch" not in page
    assert "Labels that are probably wrong</h2>" in page


@pytest.mark.parametrize("quiet", [(), ("-q",)])
def test_quiet_leaves_the_json_and_nothing_else(
    quiet: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    reader().save("good.keras")
    assert command("good.keras", "test", "--json", "--html", "page.html", *quiet) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["verdict"] == "healthy"
    assert ("diagnose:" in said.err) is not bool(quiet)


def test_cures_that_the_screen_leaves_out_are_counted() -> None:
    found = pawtrace.diagnose(reader(), "test")
    cure = Cure("any", "Do it.", None, "model.fit()")
    assert "\n            2 more cures: add --html FILE or --json\n" in found._replace(cures=5 * [cure]).text
    assert "more cure" not in found._replace(cures=3 * [cure]).text


def test_a_model_that_takes_bytes_and_scales_inside_is_healthy() -> None:
    images = keras.Input((SIDE_PX, SIDE_PX, 3), dtype="uint8")
    model = keras.Model(images, reader(scale=1 / 255)(layers.Rescaling(1 / 255)(images)))
    found = pawtrace.diagnose(model, "test")
    assert found.verdict == "healthy"
    assert found.measured is not None
    assert found.measured.feeding.convention == "zero_to_255"


@pytest.mark.filterwarnings("ignore:(.|\n)*softmax over axis")  # Keras says so while the model is built
def test_a_softmax_over_one_unit_is_named_with_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    reader(activation="softmax").save("softmax.keras")
    assert command("softmax.keras", "test", "--json") == 1
    content = json.loads(capsys.readouterr().out)
    assert content["verdict"] == "dead"
    assert content["cause"] == "softmax_over_one_unit"
    assert "activation='sigmoid'" in content["cures"][0]["keras"]


@pytest.mark.parametrize(("model", "photos"), [("none.keras", "test"), ("good.keras", "none")])
def test_what_cannot_be_used_ends_with_2_and_one_line(
    model: str, photos: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reader().save("good.keras")
    assert command(model, photos) == 2
    assert "missing" in capsys.readouterr().err.splitlines()[-1]


def test_test_photos_that_were_trained_on_are_a_leak() -> None:
    found = pawtrace.diagnose(reader(), "test", train="test")
    assert found.verdict == "leaking"


def test_arrays_that_are_fed_otherwise_than_the_model_wants() -> None:
    images, labels = images_and_labels(80, noise=18)
    found = pawtrace.diagnose(reader(scale=1 / 255), (images.astype(np.float32), labels))
    assert found.verdict == "input_scaling"
    assert "/ 255" in found.cures[0].keras


def test_what_was_not_given_is_said_and_not_guessed() -> None:
    checks = {check.verdict: check for check in pawtrace.diagnose(reader(), "test").checks}
    assert checks["leaking"].state == checks["overfitting"].state == "not known"
    assert "--train" in checks["overfitting"].measure
    assert "--history" in checks["unstable"].measure


def test_weights_that_are_not_finite_are_unstable() -> None:
    model = reader()
    model.get_layer("colour").set_weights([np.full((1, 1, 3, 4), np.nan), np.zeros(4)])
    assert pawtrace.diagnose(model, "test").verdict == "unstable"


@pytest.mark.parametrize(
    ("losses", "penalty", "state"),
    [
        ([9.0, 0.5], 0.0, "passed"),  # inputs of 0..255, say: it learned afterwards
        ([9.0, 0.7], 0.0, "failed"),
        ([9.0, 8.7], 0.1, "passed"),  # penalties on weights are in the history's loss
        ([0.6, 0.5, 9.0], 0.1, "failed"),
    ],
)
def test_a_large_loss_in_the_first_epoch_is_a_jump_only_if_nothing_else_explains_it(
    losses: list[float], penalty: float, state: str
) -> None:
    model = reader(sign=0.0)
    if penalty:
        model.layers[-1].kernel_regularizer = keras.regularizers.L2(penalty)
        model = keras.models.clone_model(model)
        model.set_weights(reader(sign=0.0).get_weights())
    checks = {
        check.verdict: check for check in pawtrace.diagnose(model, "test", history={"loss": losses}).checks
    }
    assert checks["unstable"].state == state


@pytest.mark.slow
def test_importing_it_takes_neither_prefect_nor_dvc() -> None:
    code = (
        "import sys, pawtrace; pawtrace.diagnose; pawtrace.DiagnoseCallback; "
        "print([name for name in ('prefect', 'dvc', 'dvclive') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_limits_are_those_of_the_default_profile() -> None:
    assert thresholds().underfitting_accuracy == 0.9
    packaged = ROOT / "pawtrace/foreign/default_params.yaml"
    assert packaged.read_bytes() == (ROOT / "profiles/default.yaml").read_bytes()


def test_an_input_that_is_not_known_is_none_in_json() -> None:
    blind = reader()
    blind.layers[-1].set_weights([np.zeros((4, 1), np.float32), np.zeros(1, np.float32)])
    content = json.loads(pawtrace.diagnose(blind, "test").json)
    assert (content["input"], content["class_1"]) == (None, None)
    content = json.loads(pawtrace.diagnose(reader(), "test").json)
    assert (content["input"], content["class_1"]) == ("zero_to_255", "dog")


def test_the_text_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    found = pawtrace.diagnose(reader(), "test")
    for columns, fitting in ((70, 70), (200, 110)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert fitting - 15 < max(map(len, found.text.splitlines())) <= fitting


def test_the_page_compares_no_kinds_of_photos_where_the_model_sees_nothing() -> None:
    model = reader()
    model.layers[-1].set_weights([np.zeros((4, 1), np.float32), np.zeros(1, np.float32)])
    model.save("model.keras")
    command("model.keras", "test", "--html", "page.html")
    assert "Kinds of photos" not in Path("page.html").read_text()
