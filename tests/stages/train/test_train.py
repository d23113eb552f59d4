"""The four steps behind a recipe: what they leave, and what they say of it."""

import csv
import json
from pathlib import Path

import pytest

from pawtrace.evaluation.predictions import read_predictions
from pawtrace.lineage.record.provenance import Provenance
from tests.stages.train.steps import NOW, Make, run, working_folder

pytestmark = pytest.mark.slow


def test_the_steps_leave_everything_that_the_report_reads(make: Make, tmp_path: Path) -> None:
    folder = run(make(), tmp_path / "out")
    expected = {"preview.jpg", "model.keras", "history.csv", "training.json", "dvclive", "predictions.csv"}
    expected |= {
        "provenance.json",
        "probes.json",
        "signals.json",
        "worst_errors",
        "worst_errors.csv",
    }
    assert {path.name for path in folder.iterdir()} == expected


def test_what_is_odd_with_these_pictures_is_said_before_anything_is_trained(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    working_folder(make())
    assert "warning" not in capsys.readouterr().out
    working_folder(make({"batch_size": 64, "label_smoothing": 0.9}))
    said = capsys.readouterr().out
    assert "resolve: warning: mine: train.label_smoothing: 0.9 " in said
    assert "\nmine: warning: train.label_smoothing: 0.9 " in said
    assert "mine: warning: train.batch_size: 64 is more than the 40 training pictures" in said


def test_every_example_has_a_prediction(make: Make, tmp_path: Path) -> None:
    folder = run(make(), tmp_path / "out")
    predictions = read_predictions(folder / "predictions.csv")
    assert {split: len(of.ids) for split, of in predictions.items()} == {
        "train": 40,
        "validation": 16,
        "test": 16,
    }


def test_every_worst_error_is_an_error_with_its_picture(make: Make, tmp_path: Path) -> None:
    folder = run(make(train={"learning_rate": 1e-6}), tmp_path / "out")  # hardly trained: it errs
    rows = list(csv.DictReader((folder / "worst_errors.csv").read_text().splitlines()))
    assert rows
    for row in rows:
        assert (float(row["probability"]) >= 0.5) != (row["label"] == "dog")
        assert (folder / row["file"]).exists()


def test_the_provenance_says_what_trained_when_and_what_only_measured(make: Make, tmp_path: Path) -> None:
    first = run(make(), tmp_path / "first")
    later = NOW.model_copy(update={"flow_run_id": "another-run"})
    second = run(make(evaluate={"num_worst_errors": 1}), tmp_path / "second", later)
    of_first, of_second = (
        Provenance.model_validate_json((folder / "provenance.json").read_text()) for folder in (first, second)
    )
    assert [of.flow_run_id for of in of_first.training.runs] == ["a-run"]
    assert of_second.training == of_first.training
    assert [of.flow_run_id for of in of_second.evaluation.runs] == ["another-run"]
    assert of_second.params["evaluate"]["num_worst_errors"] == 1
    assert list(of_second.data.weights) == ["tiny.keras"]
    assert of_second.data == of_first.data
    assert of_second.code == of_first.code
    assert "pawtrace/learning/fit.py" in of_first.code.modules
    assert not [module for module in of_first.code.modules if module.startswith("pawtrace/running")]


def test_a_training_that_went_on_names_all_its_runs(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make()
    with monkeypatch.context() as broken:
        broken.setattr("pawtrace.learning.training.write_history", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(recipe, tmp_path / "first")
    later = NOW.model_copy(update={"flow_run_id": "another-run"})
    second = run(recipe, tmp_path / "second", later)
    provenance = json.loads((second / "provenance.json").read_text())
    assert [of["flow_run_id"] for of in provenance["training"]["runs"]] == ["a-run", "another-run"]
