"""What recipes left that params.yaml no longer has: models, metrics, trainings. DVC removes none of it.

The promoted model is a copy of its own, and DVC's cache keeps what was committed: a recipe that comes back
to params.yaml is taken from there.
"""

import json
import shutil
from collections.abc import Collection
from pathlib import Path

from pawtrace.base.files import write_text
from pawtrace.config import paths

_IGNORED = paths.MODELS / ".gitignore"  # DVC adds a line for each model
_REPORTED = (paths.METRICS, paths.EVALUATIONS, paths.PROVENANCES)


def drop_removed(recipes: Collection[str]) -> None:
    """Delete what the stages `train` and `measure` wrote of other recipes than these."""
    removed = {folder.name for folder in paths.MODELS.glob("*") if _is_model(folder)} - set(recipes)
    for name in removed:
        shutil.rmtree(paths.MODELS / name)
    for file in [file for folder in _REPORTED for file in folder.glob("*.json")]:
        if file.stem not in recipes:
            removed.add(file.stem)
            file.unlink()
    _stop_ignoring(removed)
    drop_trainings(recipes)


def drop_trainings(recipes: Collection[str]) -> None:
    """Delete the working folders that none of these recipes uses; each recipe's file lists its own."""
    if not paths.TRAININGS.is_dir():
        return
    used: set[str] = set()
    for uses in paths.TRAININGS.glob("[!.]*.json"):
        if uses.stem in recipes:
            used |= set(json.loads(uses.read_text(encoding="utf-8")))
        else:
            uses.unlink()
    for folder in paths.TRAININGS.iterdir():
        if folder.is_dir() and folder.name not in used:
            shutil.rmtree(folder)


def _is_model(folder: Path) -> bool:
    """Whether the stage `train` wrote a folder: people put their own models beside those."""
    try:
        provenance = json.loads((folder / paths.PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return not folder.is_symlink() and provenance.get("recipe") == folder.name


def _stop_ignoring(removed: Collection[str]) -> None:
    if not removed or not _IGNORED.exists():
        return
    lines = _IGNORED.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.removeprefix("/") not in removed]
    if kept != lines:
        write_text(_IGNORED, "".join(f"{line}\n" for line in kept))
