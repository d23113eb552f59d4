"""Of a recipe that params.yaml no longer has, nothing stays; everything else does."""

import json
from pathlib import Path

import pytest

from pawtrace.base.files import write_json
from pawtrace.running.removed_recipes import drop_removed

REPORTED = ("metrics", "evaluations", "provenance")


def write_recipe(name: str, trainings: list[str]) -> None:
    write_json(Path(f"models/{name}/provenance.json"), {"recipe": name})
    Path(f"models/{name}/model.keras").touch()
    for kind in REPORTED:
        write_json(Path(f"reports/{kind}/{name}.json"), {})
    write_json(Path(f".pawtrace/training/{name}.json"), trainings)
    for training in trainings:
        write_json(Path(f".pawtrace/training/{training}/training.json"), {})


@pytest.fixture
def project_with_two(project: Path) -> Path:
    """`kept` and `removed` have a training in common; `kept` has another one that is not finished."""
    write_recipe("kept", ["both", "unfinished"])
    write_recipe("removed", ["both", "its_own"])
    (project / ".pawtrace/training/unfinished/training.json").unlink()
    (project / "models/.gitignore").write_text("/kept\n/removed\n/mine\n")
    return project


def files_of(project: Path) -> set[str]:
    return {str(path.relative_to(project)) for path in project.rglob("*")}


def test_nothing_of_a_removed_recipe_stays_and_all_of_the_others_does(project_with_two: Path) -> None:
    before = files_of(project_with_two)
    drop_removed(["kept"])
    gone = before - files_of(project_with_two)
    assert gone == {path for path in before if "removed" in path or "its_own" in path}
    assert (project_with_two / "models/.gitignore").read_text() == "/kept\n/mine\n"


def test_where_nothing_was_removed_nothing_changes(project_with_two: Path) -> None:
    before = files_of(project_with_two)
    drop_removed(["kept", "removed", "not_trained_yet"])
    assert files_of(project_with_two) == before
    assert "/removed" in (project_with_two / "models/.gitignore").read_text()


def test_models_that_the_pipeline_did_not_write_stay(project_with_two: Path) -> None:
    mine = project_with_two / "models/mine"
    mine.mkdir()
    (mine / "model.keras").touch()
    copy = project_with_two / "models/copy_of_removed"
    write_json(copy / "provenance.json", {"recipe": "removed"})
    write_json(project_with_two / "promoted/provenance.json", {"recipe": "removed"})
    (project_with_two / "models/promoted").symlink_to("../promoted")
    drop_removed(["kept"])
    assert mine.exists()
    assert copy.exists()
    assert (
        json.loads((project_with_two / "models/promoted/provenance.json").read_text())["recipe"] == "removed"
    )


def test_before_the_first_training_nothing_is_there_to_remove(project: Path) -> None:
    drop_removed(["kept"])
    assert files_of(project) == set()
