"""What the stage `measure` makes of a recipe's predictions: metrics, intervals, provenance."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pawtrace.base.errors import DataError
from pawtrace.base.files import fingerprint
from pawtrace.base.stored_numbers import as_stored
from pawtrace.evaluation.predictions import Predictions, read_predictions, write_predictions
from pawtrace.lineage.record.provenance import ReportedProvenance, groups_of
from stages.measure import measure_recipe
from tests.results.finished_project import finish_project

RECIPE = "mobilenet"
METRICS, EVALUATION, PROVENANCE = (
    Path(f"reports/{kind}/{RECIPE}.json") for kind in ("metrics", "evaluations", "provenance")
)


@pytest.fixture(autouse=True, scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    finish_project(folder)
    return folder


@pytest.fixture(autouse=True)
def _in_a_copy(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(finished, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")


def predictions() -> dict[str, Predictions]:
    return read_predictions(Path(f"models/{RECIPE}/predictions.csv"))


def test_metrics_are_the_accuracy_with_its_interval_the_log_loss_and_the_gap() -> None:
    measure_recipe(RECIPE)
    metrics, evaluation = json.loads(METRICS.read_text()), json.loads(EVALUATION.read_text())
    right = {split: np.mean(of.predicted == of.labels) for split, of in predictions().items()}
    assert metrics["test"]["accuracy"] == pytest.approx(right["test"])
    assert metrics["test"]["log_loss"] == evaluation["metrics"]["test"]["log_loss"]
    bounds = [metrics["test"]["ci_low"], metrics["test"]["ci_high"]]
    assert bounds == evaluation["intervals"]["accuracy"]
    assert bounds[0] < metrics["test"]["accuracy"] < bounds[1]
    assert metrics["gap"] == pytest.approx(right["train"] - right["validation"], abs=1e-5)


def test_what_is_stored_has_only_digits_that_mean_something() -> None:
    measure_recipe(RECIPE)
    for path in (METRICS, EVALUATION):
        content = json.loads(path.read_text())
        assert content == as_stored(content)
    provenance = ReportedProvenance.model_validate_json(PROVENANCE.read_text())
    assert as_stored(provenance.intervals) == {name: list(i) for name, i in provenance.intervals.items()}
    assert provenance.measured_with.keys() == {"numpy", "scipy"}


def test_the_metrics_of_every_seed_are_kept() -> None:
    by_split = predictions()
    test = by_split["test"]
    perfect = Predictions(test.ids, test.labels, test.labels * 0.8 + 0.1)
    write_predictions(Path(f"models/{RECIPE}/predictions_seed_1.csv"), {"test": perfect})
    measure_recipe(RECIPE)
    metrics = json.loads(METRICS.read_text())["test"]
    provenance = ReportedProvenance.model_validate_json(PROVENANCE.read_text())
    assert provenance.seed_accuracies == [metrics["accuracy"], 1]
    seeds = json.loads(EVALUATION.read_text())["seeds"]
    assert [(run["seed"], run["metrics"]["accuracy"]) for run in seeds] == [(0, metrics["accuracy"]), (1, 1)]


def test_the_provenance_identifies_metrics_and_predictions_and_how_they_were_measured() -> None:
    measure_recipe(RECIPE)
    before = ReportedProvenance.model_validate_json(PROVENANCE.read_text())
    assert before.metrics == fingerprint(json.loads(METRICS.read_text()))
    params = Path(f"data/measures/{RECIPE}.json")
    params.write_text(json.dumps(json.loads(params.read_text()) | {"calibration_bins": 7}))
    measure_recipe(RECIPE)
    rebinned = ReportedProvenance.model_validate_json(PROVENANCE.read_text())
    assert rebinned.params["evaluate"]["calibration_bins"] == 7
    assert rebinned.measured == before.measured
    assert rebinned.metrics == fingerprint(json.loads(METRICS.read_text())) == before.metrics
    by_split = predictions()
    by_split["test"].probabilities[0] = 0.123
    write_predictions(Path(f"models/{RECIPE}/predictions.csv"), by_split)
    measure_recipe(RECIPE)
    assert ReportedProvenance.model_validate_json(PROVENANCE.read_text()).measured != before.measured


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        (f"models/{RECIPE}/predictions.csv", f"train@{RECIPE}"),
        (f"models/{RECIPE}/provenance.json", f"train@{RECIPE}"),
        (f"data/measures/{RECIPE}.json", "resolve"),
    ],
)
def test_a_missing_or_damaged_file_names_the_stage_to_run(path: str, stage: str) -> None:
    Path(path).write_text("{\n}}")
    with pytest.raises(DataError, match=rf"^{path}: .*run: dvc repro --force {stage}$"):
        measure_recipe(RECIPE)
    Path(path).unlink()
    with pytest.raises(DataError, match=rf"^{path} .*run: dvc repro {stage}$"):
        measure_recipe(RECIPE)


def test_duplicates_of_one_picture_are_one_example_for_its_intervals_and_in_the_provenance() -> None:
    measure_recipe(RECIPE)
    alone = json.loads(EVALUATION.read_text())["intervals"]
    ids = sorted(predictions()["test"].ids)[:100]
    rows = [f'"{id.replace(chr(34), 2 * chr(34))}",cat,a burst' for id in ids]
    Path("data/splits/test.csv").write_text("\n".join(["id,label,group", *rows]) + "\n")
    measure_recipe(RECIPE)
    together = json.loads(EVALUATION.read_text())["intervals"]
    for name in ("accuracy", "balanced_accuracy", "roc_auc"):
        assert together[name][0] < alone[name][0], name
    test = ReportedProvenance.model_validate_json(PROVENANCE.read_text()).test
    assert [len(of_group) for of_group in test.duplicates] == [100]
    assert len(set(groups_of(test))) == test.num_examples - 99
