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
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.shards import open_records
from pawtrace.evaluation.predictions import read_predictions
from pawtrace.learning.device import Compute
from pawtrace.lineage.record.provenance import Provenance, circumstances
from stages import train as stage
from tests.conftest import WriteParams, write_records
from tests.learning.tiny import tiny_backbone

pytestmark = pytest.mark.slow

Make = Callable[..., Params]
NOW = circumstances(flow_run_id="a-run")


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
    stage.probe(recipe, folder)
    stage.train(recipe, folder, NOW)
    stage.evaluate(recipe, folder, NOW)
    return folder


def test_the_steps_leave_everything_that_the_report_reads(make: Make, tmp_path: Path) -> None:
    folder = run(make(), tmp_path / "out")
    expected = {"preview.jpg", "model.keras", "history.csv", "training.json", "dvclive", "predictions.csv"}
    expected |= {
        "provenance.json",
        "evaluation.json",
        "seeds.json",
        "probes.json",
        "worst_errors",
        "worst_errors.csv",
    }
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


@pytest.mark.parametrize(
    "change", [{"batch_size": 8}, {"seed": 1}, {"num_views": 2}, {"precision": "bfloat16"}, {"xla": "always"}]
)
def test_a_change_of_training_trains_again(make: Make, change: dict[str, Any]) -> None:
    before = stage.working_folder(make().recipe("mine").train)
    assert stage.working_folder(make().recipe("mine").train) == before
    assert stage.working_folder(make(train=change).recipe("mine").train) != before


def test_other_records_or_another_backbone_train_again(make: Make, project: Path) -> None:
    train = make().recipe("mine").train
    folders = [stage.working_folder(train)]
    write_records(project / "data/records", {"train": 38, "validation": 16, "test": 16})
    folders.append(stage.working_folder(train))
    tiny_backbone(project / "tiny.keras")  # other random weights
    folders.append(stage.working_folder(train))
    assert len(set(folders)) == 3


def test_replaced_imagenet_weights_train_again(make: Make, project: Path) -> None:
    train = make().recipe("mine").train.model_copy(update={"backbone": "vgg16", "weights": "imagenet"})
    before = stage.working_folder(train)
    file = project / "data/weights/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    file.parent.mkdir()
    file.write_bytes(b"other")
    assert stage.working_folder(train) != before


def test_further_seeds_are_measured_and_kept_for_later(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = run(make(), tmp_path / "one")
    two = run(make(train={"num_seeds": 2}), tmp_path / "two")
    seeds = json.loads((two / "seeds.json").read_text())["seeds"]
    assert [of["seed"] for of in seeds] == [0, 1]
    assert seeds[0]["metrics"] == json.loads((one / "seeds.json").read_text())["seeds"][0]["metrics"]
    assert seeds[0]["metrics"]["log_loss"] != seeds[1]["metrics"]["log_loss"]
    assert (one / "model.keras").read_bytes() == (two / "model.keras").read_bytes()
    monkeypatch.setattr(stage, "train_classifier", lambda *_: pytest.fail("trained again"))
    alone = run(make(train={"seed": 1}), tmp_path / "alone")
    assert json.loads((alone / "evaluation.json").read_text())["metrics"]["test"] == seeds[1]["metrics"]


def test_views_are_averaged_and_need_no_training_of_their_own(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip = {"augmentation": [{"name": "HorizontalFlip", "arguments": {"p": 1.0}}]}
    plain = read_predictions(run(make(train=flip), tmp_path / "plain") / "predictions.csv")["test"]
    monkeypatch.setattr(stage, "train_classifier", lambda *_: pytest.fail("trained again"))
    folder = run(make(train=flip, evaluate={"tta_views": 3}), tmp_path / "views")
    averaged = read_predictions(folder / "predictions.csv")["test"]
    model = keras.saving.load_model(folder / "model.keras")
    records = open_records(Path("data/records"))["test"]
    mirrored = np.stack([square(records[number], 32)[:, ::-1] for number in range(len(records))])
    expected = (plain.probabilities + 2 * model.predict(mirrored, verbose=0)[:, 0]) / 3
    np.testing.assert_allclose(averaged.probabilities, expected, atol=1e-5)


def test_runs_that_no_recipe_uses_any_more_are_removed(make: Make, tmp_path: Path) -> None:
    run(make(), tmp_path / "first")
    outdated = stage.working_folder(make().recipe("mine").train)
    assert outdated.exists()
    run(make(train={"seed": 3}), tmp_path / "second")
    assert not outdated.exists()
    assert stage.working_folder(make(train={"seed": 3}).recipe("mine").train).exists()


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


def test_the_provenance_says_what_trained_when_and_what_only_measured(make: Make, tmp_path: Path) -> None:
    first = run(make(), tmp_path / "first")
    later = NOW.model_copy(update={"flow_run_id": "another-run"})
    recipe = make(evaluate={"num_bootstrap": 300}).recipe("mine")
    second = tmp_path / "second"
    second.mkdir()
    stage.train(recipe, second, later)
    stage.evaluate(recipe, second, later)
    of_first, of_second = (
        Provenance.model_validate_json((folder / "provenance.json").read_text()) for folder in (first, second)
    )
    assert [of.flow_run_id for of in of_first.training.runs] == ["a-run"]
    assert of_second.training == of_first.training
    assert [of.flow_run_id for of in of_second.evaluation.runs] == ["another-run"]
    assert of_second.params["evaluate"]["num_bootstrap"] == 300
    assert of_second.data == of_first.data
    assert of_second.code == of_first.code
    assert "pawtrace/learning/fit.py" in of_first.code.modules


def test_a_training_that_went_on_names_all_its_runs(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make().recipe("mine")
    with monkeypatch.context() as broken:
        broken.setattr("pawtrace.learning.fit.write_history", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(make(), tmp_path / "first")
    second = tmp_path / "second"
    second.mkdir()
    later = NOW.model_copy(update={"flow_run_id": "another-run"})
    stage.train(recipe, second, later)
    stage.evaluate(recipe, second, later)
    provenance = json.loads((second / "provenance.json").read_text())
    assert [of["flow_run_id"] for of in provenance["training"]["runs"]] == ["a-run", "another-run"]
