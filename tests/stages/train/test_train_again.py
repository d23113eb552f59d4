"""What makes a recipe train again, what is kept for later, and what is removed."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.base.errors import TrainingError
from pawtrace.base.files import sha256_of
from pawtrace.dataset.examples import shards
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.shards import open_records
from pawtrace.evaluation.predictions import read_predictions
from stages import train as stage
from tests.conftest import write_records
from tests.learning.tiny import tiny_backbone
from tests.stages.train.steps import Make, run, working_folder

pytestmark = pytest.mark.slow


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
    "change", [{"batch_size": 8}, {"seed": 1}, {"num_views": 2}, {"precision": "bfloat16"}, {"xla": "auto"}]
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
