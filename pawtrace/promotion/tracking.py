"""The promoted model as DVC tracks it: promoted.dvc, and the models of before in DVC's cache."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import write_text
from pawtrace.base.yaml_files import read_yaml, yaml_text
from pawtrace.config.paths import OUTSIDE, PIPELINE, PROMOTED_FOLDER
from pawtrace.running.dvc import ask_dvc

POINTER = Path(f"{PROMOTED_FOLDER}.dvc")


class Pointer(NamedTuple):
    """What promoted.dvc says."""

    digest: str  # by which DVC knows the promoted folder
    recipe: str
    promoted_at: str
    in_use_since: str  # by promotion or rollback
    rolled_back: str | None  # the sha256 of the predictions of the model that was left by a rollback


def check_project() -> None:
    """Require that the current folder is a project.

    Raises:
      PawtraceError: the current folder is no project.
    """
    if not PIPELINE.is_file():
        raise PawtraceError(OUTSIDE)


def track(recipe: str, promoted_at: str, in_use_since: str, rolled_back: str | None = None) -> None:
    """Make DVC track the promoted folder: in its cache and in promoted.dvc.

    Without new links: with cache.type symlink, DVC would replace the files in use one by one.

    Args:
      recipe: what it was made by.
      promoted_at: when it was promoted.
      in_use_since: when it came into use, by promotion or rollback.
      rolled_back: see `Pointer`.
    Raises:
      PawtraceError: DVC could not; says why.
    """
    _dvc("add", "--no-relink", str(PROMOTED_FOLDER))
    content = read_yaml(POINTER)
    content["meta"] = {  # which DVC keeps, and does not read
        "recipe": recipe,
        "promoted_at": promoted_at,
        "in_use_since": in_use_since,
        "rolled_back": rolled_back,
    }
    write_text(POINTER, yaml_text(content))


def read_pointer() -> Pointer | None:
    """What promoted.dvc says; None where nothing has been promoted.

    Raises:
      PawtraceError: it is damaged.
    """
    if not POINTER.is_file():
        return None
    try:
        content = read_yaml(POINTER)
        return Pointer(digest=content["outs"][0]["md5"], **content["meta"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise PawtraceError(
            f"{POINTER}: expected what `pawtrace promote` writes, found {error!r:.120}; "
            f"run: git checkout {POINTER}"
        ) from None


def difference_from_tracked() -> str:
    """How the promoted folder differs from what promoted.dvc says, in DVC's words; empty if it does not.

    `not in cache`: DVC could not bring the folder back, so nothing may be advised that removes files.

    Raises:
      PawtraceError: DVC cannot tell.
    """
    changed = json.loads(_dvc("status", "--json", str(POINTER))).get(str(POINTER), [])
    states = [
        state for part in changed if isinstance(part, dict) for state in part.get("changed outs", {}).values()
    ]
    return str(states[0]) if states else ("changed" if changed else "")


def restore(digest: str, folder: Path) -> None:
    """Copy a folder out of DVC's local cache.

    Args:
      digest: by which DVC knows it, a `.dir`.
      folder: to copy into.
    Raises:
      PawtraceError: the cache has lost it; says where else it may be.
    Source: https://dvc.org/doc/user-guide/project-structure/internal-files, "Structure of the cache
      directory". `dvc checkout` would replace the files in use one by one.
    """
    objects = Path(_dvc("cache", "dir")) / "files/md5"
    try:
        for entry in json.loads((objects / digest[:2] / digest[2:]).read_text(encoding="utf-8")):
            md5 = entry["md5"]
            shutil.copyfile(objects / md5[:2] / md5[2:], folder / entry["relpath"])
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise PawtraceError(
            f"DVC's cache: expected the model before this one ({digest[:12]}...), found {error!r:.120}; "
            f"look for a commit with it: git log -- {POINTER}; then run: git checkout COMMIT {POINTER} && "
            f"dvc pull {POINTER}"
        ) from None


def _dvc(*words: str) -> str:
    """The last line that dvc prints."""
    ended = ask_dvc(*words)
    if ended.code:
        raise PawtraceError(
            f"dvc {' '.join(words)}: failed: {ended.last_words[:200]}; mend it, then run: pawtrace status"
        )
    return ended.lines[-1] if ended.lines else ""
