"""params.yaml survives `dvc exp run -S`: it stays valid, and no comment is lost.

DVC writes all lists anew in block style. What stands after a list, or beside a key that has one, is then lost
or breaks the file at a later edit.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides

from pawtrace.base.yaml_files import read_yaml
from pawtrace.config.params import load_params
from pawtrace.setup.profiles import profile_text
from tests.conftest import ROOT

# One experiment after another: lists and mappings vanish, appear and grow; numbers, words and nulls change.
EXPERIMENTS = [
    ["train.learning_rate=1e-4"],
    ["train.augmentation=[]", "train.phases=[{trainable: none, num_epochs: 2}]", "train.head.units=[]"],
    ["train.early_stopping=null", "data.archive=data/archives/mine.zip", "rebuild.when_busy=skip"],
    [
        "train.early_stopping={patience: 3, min_delta: 0.0}",
        "+data.classes.kittens=cat",
        "data.archive=cats.zip",
    ],
    ["train.early_stopping=null", "train.augmentation=[{name: HorizontalFlip, arguments: {p: 0.5}}]"],
    ["train.early_stopping={patience: 3, min_delta: 0.0}", "train.head.units=[8, 8]", "train.num_views=2"],
]


@pytest.fixture(params=("sample", "cats_vs_dogs", "own_photos"))
def text(request: pytest.FixtureRequest, project: Path) -> str:
    """The params.yaml of a profile, written to the current folder."""
    with contextlib.chdir(ROOT):
        text = profile_text(request.param)
    (project / "params.yaml").write_text(text)
    return text


def comments(text: str) -> list[str]:
    return [line.partition("#")[2].strip() for line in text.splitlines() if "#" in line]


def edit(*overrides: str) -> str:
    apply_overrides("params.yaml", list(overrides))
    return Path("params.yaml").read_text()


def edits_of_recipes(recipes: dict[str, Any], cures: str) -> list[str]:
    """Change the verdicts that each recipe cures, and empty every list that it overrides."""
    edits = [f"++recipes.{name}.cures={cures}" for name in recipes]
    for name, recipe in recipes.items():
        train = recipe["overrides"].get("train", {})
        edits += [f"recipes.{name}.overrides.train.{key}=[]" for key in train if isinstance(train[key], list)]
    return edits


def test_experiments_one_after_another_keep_params_valid_and_commented(text: str) -> None:
    for experiment in EXPERIMENTS:
        assert comments(edit(*experiment)) == comments(text), experiment
    train = load_params().train
    assert (train.learning_rate, train.head.units, train.num_views) == (1e-4, (8, 8), 2)


def lists_of(content: Any, path: str = "") -> list[str]:
    """The path of every list that is the value of a key, at whatever depth."""
    if not isinstance(content, dict):
        return []
    paths = [f"{path}{key}" for key, value in content.items() if isinstance(value, list)]
    return paths + [found for key, value in content.items() for found in lists_of(value, f"{path}{key}.")]


def test_every_list_can_be_edited_twice_and_something_else_after_it(text: str) -> None:
    paths = lists_of(read_yaml(Path("params.yaml")))
    assert len(paths) > 4
    for new in ("[{name: HorizontalFlip, arguments: {p: 0.5}}, {name: ToGray}]", "[]", "[[1, 2], [3]]"):
        assert comments(edit(*(f"++{path}={new}" for path in paths))) == comments(text), new
        assert comments(edit("train.learning_rate=0.002", f"train.seed={len(new)}")) == comments(text), new
        content = read_yaml(Path("params.yaml"))
        assert lists_of(content) == paths
        assert content["train"]["seed"] == len(new)


def test_edits_of_recipes_keep_params_valid_and_commented(text: str) -> None:
    for cures in ("[overfitting, dead]", "[]", "[dead]"):
        recipes = read_yaml(Path("params.yaml"))["recipes"]
        assert comments(edit(*edits_of_recipes(recipes, cures))) == comments(text)
    assert all(recipe["cures"] == ["dead"] for recipe in read_yaml(Path("params.yaml"))["recipes"].values())


@pytest.mark.slow
def test_the_real_command_keeps_params_valid_and_commented(project: Path) -> None:
    text = (ROOT / "profiles/default.yaml").read_text()
    (project / "params.yaml").write_text(text)
    (project / "dvc.yaml").write_text(
        "stages: {resolve: {cmd: cp params.yaml out, params: [train], outs: [out]}}"
    )
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    commit = "git -c user.name=a -c user.email=a@b commit -qm start"
    for command in ("git init -q", "dvc init -q", "git add -A", commit):
        subprocess.run(command.split(), env=environment, check=True)
    for override in ("train.learning_rate=1e-4", "train.augmentation=[]", "train.phases=[{trainable: none}]"):
        subprocess.run(["dvc", "exp", "run", "-q", "-S", override, "resolve"], env=environment, check=True)
        edited = (project / "params.yaml").read_text()
        assert comments(edited) == comments(text)
        assert (project / "out").read_text() == edited
    train = read_yaml(project / "params.yaml")["train"]
    assert (train["learning_rate"], train["augmentation"]) == (1e-4, [])
    assert train["phases"] == [{"trainable": "none"}]
