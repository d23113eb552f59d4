"""The three steps behind a recipe: what they leave, and what they do not repeat."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.config.params import Params
from pawtrace.evaluation.predictions import read_predictions
from pawtrace.learning.device import Compute
from stages import train as stage
from tests.conftest import WriteParams, write_records
from tests.learning.tiny import tiny_backbone

Make = Callable[..., Params]


@pytest.fixture
def make(write_params: WriteParams, project: Path) -> Make:
    """A project with records and a recipe `mine` on a tiny backbone."""
    write_records(project / "data/records", {"train": 40, "validation": 16, "test": 16})
    tiny_backbone(project / "tiny.keras")

    def write(train: dict[str, Any] | None = None, evaluate: dict[str, Any] | None = None) -> Params:
        overrides = {
            "backbone": "tiny.keras",
            "precision": "float32",
            "input_scaling": "backbone",
            "learning_rate": 0.01,
            "device": "cpu",
            "head": {"pooling": "average", "units": [8]},
            "phases": [{"trainable": "none", "num_epochs": 2}],
            **(train or {}),
        }
        recipes = {"mine": {"question": "?", "overrides": {"train": overrides}}}
        return write_params({"recipes": recipes, "evaluate": evaluate or {}})

    return write


@pytest.fixture(autouse=True)
def _leave_keras_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Determinism and dtype policy are global; no other test should inherit them."""

    def prepare(train: Any) -> Compute:
        keras.utils.set_random_seed(train.seed)
        return Compute("cpu", "float32")

    monkeypatch.setattr(stage, "prepare_compute", prepare)


def run(params: Params, folder: Path) -> Path:
    recipe = params.recipe("mine")
    folder.mkdir()
    stage.augment(recipe, folder)
    stage.train(recipe, folder)
    stage.evaluate(recipe, folder)
    return folder


def test_the_steps_leave_everything_that_the_report_reads(make: Make, tmp_path: Path) -> None:
    folder = run(make(), tmp_path / "out")
    expected = {"preview.jpg", "model.keras", "history.csv", "training.json", "dvclive", "predictions.csv"}
    expected |= {"evaluation.json", "worst_errors", "worst_errors.csv"}
    assert {path.name for path in folder.iterdir()} == expected


def test_every_example_has_a_prediction_and_metrics_follow_from_them(make: Make, tmp_path: Path) -> None:
    folder = run(make(), tmp_path / "out")
    predictions = read_predictions(folder / "predictions.csv")
    assert {split: len(of.ids) for split, of in predictions.items()} == {
        "train": 40,
        "validation": 16,
        "test": 16,
    }
    test = predictions["test"]
    accuracy = float(np.mean((test.probabilities >= 0.5) == test.labels))
    assert stage.test_metrics(folder)["accuracy"] == pytest.approx(accuracy)
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert set(evaluation["metrics"]) == {"train", "validation", "test"}


def test_every_worst_error_is_an_error_with_its_picture(make: Make, tmp_path: Path) -> None:
    folder = run(make(train={"learning_rate": 1e-6}), tmp_path / "out")  # hardly trained: it errs
    rows = list(csv.DictReader((folder / "worst_errors.csv").read_text().splitlines()))
    assert rows
    for row in rows:
        assert (float(row["probability"]) >= 0.5) != (row["label"] == "dog")
        assert (folder / row["file"]).exists()


def test_a_change_of_evaluation_trains_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(make(), tmp_path / "first")
    monkeypatch.setattr(stage, "train_classifier", lambda *_: pytest.fail("trained again"))
    second = run(make(evaluate={"num_bootstrap": 300}), tmp_path / "second")
    assert (first / "model.keras").read_bytes() == (second / "model.keras").read_bytes()
    assert (first / "evaluation.json").read_bytes() != (second / "evaluation.json").read_bytes()


@pytest.mark.parametrize("change", [{"batch_size": 8}, {"seed": 1}, {"num_views": 2}])
def test_a_change_of_training_trains_again(make: Make, change: dict[str, Any]) -> None:
    compute = Compute("cpu", "float32")
    before = stage.working_folder(make().recipe("mine"), compute)
    assert stage.working_folder(make().recipe("mine"), compute) == before
    assert stage.working_folder(make(train=change).recipe("mine"), compute) != before
    assert stage.working_folder(make().recipe("mine"), Compute("cpu", "bfloat16")) != before


def test_other_records_or_another_backbone_train_again(make: Make, project: Path) -> None:
    compute = Compute("cpu", "float32")
    recipe = make().recipe("mine")
    folders = [stage.working_folder(recipe, compute)]
    write_records(project / "data/records", {"train": 38, "validation": 16, "test": 16})
    folders.append(stage.working_folder(recipe, compute))
    tiny_backbone(project / "tiny.keras")  # other random weights
    folders.append(stage.working_folder(recipe, compute))
    assert len(set(folders)) == 3


def test_a_run_that_broke_off_is_not_taken_for_a_finished_one(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = make()

    def break_off(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("pawtrace.learning.fit.write_json", break_off)
        with pytest.raises(KeyboardInterrupt):
            run(params, tmp_path / "first")
    assert "training.json" in {path.name for path in run(params, tmp_path / "second").iterdir()}
