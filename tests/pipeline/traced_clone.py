"""A tiny clone with commits to trace: a param and a module changed between them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras

from tests.learning.tiny import tiny_backbone
from tests.tiny_clone import command, commit_all, edit_params, tiny_project

ARCHIVE = "data/archives/photos.zip"
BFLOAT16_BACKBONE = "data/weights/tiny_bfloat16.keras"
OF_ARCHIVE = {"data": {"source": "archive", "archive": ARCHIVE}}
BOTH: dict[str, Any] = {
    "exact": {"question": "In float32?", "overrides": {"train": {"precision": "float32"}}},
    "coarse": {
        "question": "In bfloat16?",
        "overrides": {"train": {"precision": "bfloat16", "backbone": BFLOAT16_BACKBONE}},
    },
}
RECIPES = {"coarse": BOTH["coarse"]}
MODULE = "pawtrace/learning/inputs/batches.py"
BEFORE, AFTER = "default_rng([seed, epoch])", "default_rng([seed, epoch, 1])"  # of the examples' order


def clone_with(folder: Path, archive: Path, recipes: dict[str, Any]) -> Path:
    """A fresh clone of the working tree with tiny params and an archive of its own."""
    tiny_project(folder, recipes)
    (folder / ARCHIVE).write_bytes(archive.read_bytes())
    edit_params(folder, OF_ARCHIVE)
    # A .keras backbone computes in the precision that it was saved in.
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        tiny_backbone(folder / BFLOAT16_BACKBONE)
    finally:
        keras.config.set_dtype_policy("float32")
    return folder


def pawtrace(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return command(folder, sys.executable, "-m", "pawtrace", *words, check=False)


def traced(folder: Path, *words: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(pawtrace(folder, "trace", "--json", *words).stdout)
    return {recipe["recipe"]: recipe for recipe in content["recipes"]}


def causes_of(found: dict[str, Any]) -> dict[str, set[tuple[str, str]]]:
    """By recipe, what changed its metrics: the kind of cause, and its name."""
    return {name: {(cause["kind"], cause["what"]) for cause in of["causes"]} for name, of in found.items()}


def built_twice(folder: Path, archive: Path, recipes: dict[str, Any]) -> Path:
    """A clone with three commits: built, a module and a param of the first recipe changed, built again."""
    clone_with(folder, archive, recipes)
    command(folder, "dvc", "repro")
    commit_all(folder, "First")
    edit_params(folder, {"recipes": {next(iter(recipes)): {"overrides": {"train": {"learning_rate": 0.05}}}}})
    source = (folder / MODULE).read_text()
    assert BEFORE in source
    (folder / MODULE).write_text(source.replace(BEFORE, AFTER))
    command(folder, "dvc", "repro")
    commit_all(folder, "Another order of the examples")
    return folder
