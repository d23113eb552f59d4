"""When and on which commit each recipe was trained.

Arrives: models/<recipe>/provenance.json. Leaves: `Origin`s.
"""

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AwareDatetime, Field

from pawtrace.base.stage_outputs import StageOutput, read_json
from pawtrace.config import paths


class _Run(StageOutput):
    start: AwareDatetime
    git_commit: str | None
    uncommitted: list[str]


class _Work(StageOutput):
    runs: Annotated[list[_Run], Field(min_length=1)]


class _Provenance(StageOutput):
    training: _Work


class Origin(NamedTuple):
    """Where a trained model comes from; of a training that was interrupted, where it ended."""

    start: datetime.datetime  # UTC
    commit: str | None  # None: outside of a git repository
    num_uncommitted: int  # files that differed from the commit


def read_origins(recipes: Iterable[str]) -> dict[str, Origin]:
    """The origin of every recipe's model, by the recipe's name.

    Raises:
      DataError: a file is missing or damaged; names the stage to run.
    """
    return {recipe: read_origin(paths.MODELS / recipe, recipe) for recipe in recipes}


def read_origin(folder: Path, recipe: str) -> Origin:
    """The origin of the model in a folder.

    Raises:
      DataError: its provenance is missing or damaged; names the stage to run.
    """
    run = read_json(_Provenance, folder / "provenance.json", f"train@{recipe}").training.runs[-1]
    return Origin(run.start.astimezone(datetime.UTC), run.git_commit, len(run.uncommitted))
