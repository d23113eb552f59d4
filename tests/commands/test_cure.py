"""`pawtrace cure`: a cure becomes a recipe of params.yaml, and nothing else in the file changes."""

from pathlib import Path

import pytest

from pawtrace.__main__ import main
from pawtrace.commands.cure import add_recipe
from pawtrace.config.params import load_params
from tests.results.finished_project import finish_project

OVERRIDES = {"head": {"dropout": 0.5}, "phases": [{"trainable": "none", "num_epochs": 3}]}


def test_a_recipe_is_added_behind_the_others(tmp_path: Path) -> None:
    finish_project(tmp_path)
    path = tmp_path / "params.yaml"
    before = path.read_text()
    add_recipe(path, "cured", "finetune_all", "Does it: help?", "overfitting", OVERRIDES)
    assert path.read_text().startswith(before.rstrip())
    params = load_params(path)
    assert list(params.recipes)[-1] == "cured"
    recipe = params.recipes["cured"]
    assert (recipe.question, recipe.builds_on) == ("Does it: help?", "finetune_all")
    assert recipe.cures == ("overfitting",)
    train = params.recipe("cured").train
    assert train.head.dropout == 0.5
    assert [phase.trainable for phase in train.phases] == ["none"]
    assert train.weights == "imagenet"  # of what it builds on


def test_sections_after_the_recipes_stay_where_they_are(tmp_path: Path) -> None:
    finish_project(tmp_path)
    path = tmp_path / "params.yaml"
    sections, recipes = path.read_text().split("\nrecipes:")
    head, probe = sections.split("\nprobe:")
    probe, rest = probe.split("\n\n", 1)
    path.write_text(f"{head}\n{rest}\nrecipes:{recipes}\n# What is measured.\nprobe:{probe}\n")
    add_recipe(path, "cured", "finetune_all", "?", "overfitting", OVERRIDES)
    assert "cured" in load_params(path).recipes
    assert path.read_text().endswith(f"probe:{probe}\n")


@pytest.mark.parametrize(
    ("recipe", "code", "said"), [("nosuch", 2, "nosuch"), ("own_preprocessing", 0, "healthy")]
)
def test_a_recipe_that_is_not_there_and_a_healthy_one_need_no_training(
    recipe: str,
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    finish_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["cure", recipe])
    assert ended.value.code == code
    assert said in "".join(capsys.readouterr())
