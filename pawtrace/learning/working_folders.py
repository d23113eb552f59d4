"""Working folders of training: .pawtrace/training/<digest of all that decides the result>, one for each seed.

DVC deletes models/<recipe> before every run, so a training that was interrupted resumes here, and a
recipe whose training has not changed finds it finished.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pawtrace.base.files import write_json
from pawtrace.config import paths
from pawtrace.config.recipe_file import recipe_names
from pawtrace.config.train_params import TrainParams
from pawtrace.running.removed_recipes import drop_trainings

RUNS = "runs.json"  # who trained here: several, where a training was interrupted and resumed


def seeds_of(train: TrainParams) -> list[TrainParams]:
    """The params for each of the recipe's seeds; the first seed's model is kept."""
    return [
        train.model_copy(update={"seed": seed, "num_seeds": 1})
        for seed in range(train.seed, train.seed + train.num_seeds)
    ]


def drop_unused(recipe: str, in_use: Sequence[Path]) -> None:
    """Record which folders a recipe uses now, and remove those that no recipe uses any more."""
    write_json(paths.TRAININGS / f"{recipe}.json", [folder.name for folder in in_use])
    drop_trainings({recipe, *recipe_names()})


def note_run(folder: Path, run: dict[str, Any]) -> None:
    """Add who trains now to those whose training was interrupted, and is resumed here."""
    write_json(folder / RUNS, [*runs_of(folder), run])


def runs_of(folder: Path) -> list[dict[str, Any]]:
    """Who trained in a folder, in order."""
    path = folder / RUNS
    runs: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return runs
