"""How long a training takes: as long as the last time, for as many pictures, on this machine."""

import json
from pathlib import Path

import pytest

from pawtrace.base.files import write_json
from pawtrace.config.recipe_file import recipe_file
from pawtrace.repro.time_left import TimeLeft, expected_s, in_words
from tests.conftest import WriteParams
from tests.lineage.traced_project import TracedProject

SUMMARY = {
    "num_examples": 200, "num_groups": 200, "num_exact_duplicates": 0, "num_near_duplicates": 0,
    "num_mirrored_duplicates": 0, "num_rejected": 0, "num_like_train": {}, "baseline": None,
}  # fmt: skip


@pytest.fixture
def trained(write_params: WriteParams, project: Path) -> Path:
    """A project with the recipes `plain` and `fast`; each took 120 s for 100 test pictures."""
    traced = TracedProject(project)
    train = write_params().train
    content = recipe_file(write_params().recipe(next(iter(write_params().recipes)))).model_dump(mode="json")
    for recipe in traced.params["recipes"]:
        write_json(Path(f"data/recipes/{recipe}.json"), content)
        path = Path(f"reports/provenance/{recipe}.json")
        provenance = json.loads(path.read_text())
        provenance["duration_s"] = 120.0
        provenance["params"]["train"] |= {"image_size_px": train.image_size_px, "backbone": train.backbone}
        write_json(path, provenance)
    num_test(100)
    return project


def num_test(count: int) -> None:
    splits = {"test": {"cat": count // 2, "dog": count // 2}}
    write_json(Path("reports/data.json"), {**SUMMARY, "splits": splits})


@pytest.mark.usefixtures("trained")
def test_a_training_takes_as_long_as_the_last_time_for_as_many_pictures() -> None:
    assert expected_s("plain") == pytest.approx(120)
    num_test(400)
    assert expected_s("plain") == pytest.approx(480)


@pytest.mark.usefixtures("trained")
def test_nothing_is_known_of_a_new_recipe_or_of_another_size_of_pictures() -> None:
    assert expected_s("new") is None
    path = Path("reports/provenance/plain.json")
    provenance = json.loads(path.read_text())
    provenance["params"]["train"]["image_size_px"] *= 2
    write_json(path, provenance)
    assert expected_s("plain") is None


@pytest.mark.usefixtures("trained")
def test_the_time_left_is_that_of_the_recipes_that_dvc_will_train() -> None:
    left = TimeLeft(["plain", "fast"])
    assert left.words("train@plain") == ", about 2 min"  # `fast` is as dvc.lock has it
    assert left.words("measure@plain") == ""
    Path("pawtrace/learning/fit.py").write_text("value = 2\n")
    assert left.words("train@plain") == ", about 2 min, 4 min left"
    assert TimeLeft(["plain", "fast", "new"]).words("train@plain") == ", about 2 min, at least 4 min left"


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(("took_s", "words"), [(360.0, ", about 6 min"), (20.0, ", about 2 min")])
def test_how_long_a_training_took_corrects_the_rest_unless_it_was_resumed(took_s: float, words: str) -> None:
    now = [0.0]
    left = TimeLeft(["plain", "fast"], clock=lambda: now[0])
    left.begin()
    now[0] = took_s
    left.finish("train@plain")
    assert left.words("train@fast") == words


def test_guesses_are_rounded() -> None:
    seconds = (3, 28, 49, 50, 100, 5900, 7300)
    assert [in_words(s) for s in seconds] == ["10 s", "30 s", "50 s", "1 min", "2 min", "98 min", "2 h"]
