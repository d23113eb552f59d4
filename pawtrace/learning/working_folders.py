"""Working folders of training: .pawtrace/training/<digest of all that decides the result>, one for each seed.

DVC deletes models/<recipe> before every run, so a training that was interrupted resumes here, and a
recipe whose training has not changed finds it finished.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pawtrace.base.errors import DeviceError
from pawtrace.base.files import write_json
from pawtrace.config import paths
from pawtrace.config.recipe_file import recipe_names
from pawtrace.config.train_params import TrainParams
from pawtrace.learning.hosts import agreed
from pawtrace.learning.training import FINISHED
from pawtrace.running.removed_recipes import drop_trainings

RUNS = "runs.json"  # who trained here: several, where a training was interrupted and resumed


def seeds_of(train: TrainParams) -> list[TrainParams]:
    """The params for each of the recipe's seeds; the first seed's model is kept."""
    return [
        train.model_copy(update={"seed": seed, "num_seeds": 1})
        for seed in range(train.seed, train.seed + train.num_seeds)
    ]


def unfinished(
    recipe: str, train: TrainParams, folders: dict[int, Path]
) -> Iterator[tuple[TrainParams, Path]]:
    """The seeds of a recipe whose training is not finished, one by one; on several hosts, the same on all.

    Args:
      recipe: its name.
      train: its params.
      folders: the working folder of each seed.
    Yields:
      The seed's params and working folder.
    Raises:
      DeviceError: another host has other folders, so it would train something else.
    """
    names = [folder.name for folder in folders.values()]
    if agreed(lambda: names) != names:
        raise DeviceError(
            f"{recipe}: expected the recipe, records, code and libraries of host 0, found others here; give "
            "all hosts the same project and installation, and start them again"
        )
    for seed_params, folder in zip(seeds_of(train), folders.values(), strict=True):
        if agreed((folder / FINISHED).exists):
            print(f"{recipe}: the training is already finished ({folder}); nothing to repeat", flush=True)
        else:
            yield seed_params, folder


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
