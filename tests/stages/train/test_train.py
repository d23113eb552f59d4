"""The four steps behind a recipe: what they leave, and what they do not repeat."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.base.errors import TrainingError
from pawtrace.base.files import sha256_of
from pawtrace.config.recipe_file import RecipeFile, read_recipe
from pawtrace.dataset.examples import shards
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.shards import open_records
from pawtrace.evaluation.predictions import read_predictions
from pawtrace.learning.device import Compute
from pawtrace.lineage.record.circumstances import Circumstances, circumstances
from pawtrace.lineage.record.provenance import Provenance
from stages import resolve
from stages import train as stage
from tests.conftest import WriteParams, write_records
from tests.learning.tiny import tiny_backbone

pytestmark = pytest.mark.slow

Make = Callable[..., RecipeFile]
NOW = circumstances(flow_run_id="a-run")


@pytest.fixture
def make(write_params: WriteParams, project: Path) -> Make:
    """A project with records and a recipe `mine` on a tiny backbone."""
    write_records(project / "data/records", {"train": 40, "validation": 16, "test": 16})
    tiny_backbone(project / "tiny.keras")

    def write(train: dict[str, Any] | None = None, evaluate: dict[str, Any] | None = None) -> RecipeFile:
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
        write_params({"recipes": recipes, "evaluate": evaluate or {}})
        resolve.main()
        return read_recipe("mine")

    return write


@pytest.fixture(autouse=True)
def _leave_keras_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Determinism and dtype policy are global; no other test should inherit them."""

    def prepare(train: Any) -> Compute:
        keras.utils.set_random_seed(train.seed)
        return Compute("cpu", "float32")

    monkeypatch.setattr(stage, "prepare_compute", prepare)


def run(recipe: RecipeFile, folder: Path, now: Circumstances = NOW) -> Path:
    folder.mkdir()
    job = stage.prepare("mine", recipe, folder, now)
    stage.augment(job)
    stage.probe(job)
    stage.train(job)
    stage.evaluate(job)
    return folder


def working_folder(recipe: RecipeFile) -> Path:
    return next(iter(stage.prepare("mine", recipe, Path("unused"), NOW).working_folders.values()))


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


def test_another_number_of_worst_errors_trains_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(make(train={"learning_rate": 1e-6}), tmp_path / "first")
    monkeypatch.setattr(stage, "train_classifier", lambda *_: pytest.fail("trained again"))
    one_error = make(train={"learning_rate": 1e-6}, evaluate={"num_worst_errors": 1})
    second = run(one_error, tmp_path / "second")
    assert (first / "model.keras").read_bytes() == (second / "model.keras").read_bytes()
    assert (first / "predictions.csv").read_bytes() == (second / "predictions.csv").read_bytes()
    assert [len(list((folder / "worst_errors").glob("??.jpg"))) for folder in (first, second)][1] == 1


def test_shards_are_hashed_params_read_and_working_folders_found_once(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make(train={"num_seeds": 2})
    hashed: list[str] = []
    digests: list[int] = []
    monkeypatch.setattr(shards, "sha256_of", lambda path: hashed.append(path.name) or sha256_of(path))
    plain_digest = stage.training_digest
    monkeypatch.setattr(
        stage, "training_digest", lambda *words: digests.append(words[1].seed) or plain_digest(*words)
    )
    Path("params.yaml").unlink()  # `resolve` has read it, and nobody else does
    run(recipe, tmp_path / "out")
    assert sorted(hashed) == sorted(path.name for path in Path("data/records").glob("*-of-*"))
    assert digests == [0, 1]


@pytest.mark.parametrize(
    "change", [{"batch_size": 8}, {"seed": 1}, {"num_views": 2}, {"precision": "bfloat16"}, {"xla": "always"}]
)
def test_a_change_of_training_trains_again(make: Make, change: dict[str, Any]) -> None:
    before = working_folder(make())
    assert working_folder(make()) == before
    assert working_folder(make(train=change)) != before


def test_other_records_or_another_backbone_train_again(make: Make, project: Path) -> None:
    folders = [working_folder(make())]
    write_records(project / "data/records", {"train": 38, "validation": 16, "test": 16})
    folders.append(working_folder(make()))
    tiny_backbone(project / "tiny.keras")  # other random weights
    folders.append(working_folder(make()))
    assert len(set(folders)) == 3


def test_weights_that_changed_after_resolve_are_refused_until_it_runs_again(
    make: Make, project: Path, tmp_path: Path
) -> None:
    recipe = make()
    tiny_backbone(project / "tiny.keras")  # other random weights
    with pytest.raises(TrainingError, match=r"^tiny\.keras: .*; run: dvc repro$"):
        run(recipe, tmp_path / "out")
    assert not Path("data/in_use").exists()  # an output of `resolve`, which DVC therefore runs again


def test_further_seeds_are_measured_and_kept_for_later(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = run(make(), tmp_path / "one")
    two = run(make(train={"num_seeds": 2}), tmp_path / "two")
    assert (one / "model.keras").read_bytes() == (two / "model.keras").read_bytes()
    assert (one / "predictions.csv").read_bytes() == (two / "predictions.csv").read_bytes()
    assert [path.name for path in two.glob("predictions_seed_*")] == ["predictions_seed_1.csv"]
    monkeypatch.setattr(stage, "train_classifier", lambda *_: pytest.fail("trained again"))
    alone = run(make(train={"seed": 1}), tmp_path / "alone")
    of_second = read_predictions(two / "predictions_seed_1.csv")["test"]
    on_test = read_predictions(alone / "predictions.csv")["test"]
    assert on_test.probabilities.tolist() == of_second.probabilities.tolist()
    assert (
        on_test.probabilities.tolist()
        != read_predictions(one / "predictions.csv")["test"].probabilities.tolist()
    )


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
    outdated = working_folder(make())
    assert outdated.exists()
    run(make(train={"seed": 3}), tmp_path / "second")
    assert not outdated.exists()
    assert working_folder(make(train={"seed": 3})).exists()


def test_the_trainings_of_a_removed_recipe_are_removed(make: Make, tmp_path: Path) -> None:
    recipe = make()
    outdated = Path(".pawtrace/training/0123456789abcdef")
    outdated.mkdir(parents=True)
    Path(".pawtrace/training/gone.json").write_text(f'["{outdated.name}"]')
    run(recipe, tmp_path / "out")
    assert not outdated.exists()
    assert not Path(".pawtrace/training/gone.json").exists()


def test_a_run_that_broke_off_is_not_taken_for_a_finished_one(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make()

    def break_off(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("pawtrace.learning.training.write_json", break_off)
        with pytest.raises(KeyboardInterrupt):
            run(recipe, tmp_path / "first")
    assert "training.json" in {path.name for path in run(recipe, tmp_path / "second").iterdir()}


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
