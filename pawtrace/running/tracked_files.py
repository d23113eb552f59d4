"""Files of yours that params name and `dvc add` tracks: an archive, weights.

A workspace of `dvc exp run --temp` or `--queue` has what git and DVC track, and nothing that git ignores.
"""

from pathlib import Path

from pawtrace.base.errors import DataError
from pawtrace.running.dvc import run_dvc

_EXPERIMENTS = (".dvc", "tmp", "exps")  # below them DVC makes a workspace for each


def pointer_of(file: Path) -> Path:
    """Where `dvc add` notes what it tracks of a file."""
    return file.with_name(f"{file.name}.dvc")


def bring(file: Path, *, may_be_missing: bool = False) -> None:
    """Where a file is missing and `<file>.dvc` is there, take it from DVC's cache.

    Args:
      file: its path in the project.
      may_be_missing: whether it may be missing in an experiment's workspace.
    Raises:
      DataError: it is not in the cache either, or it is missing in an experiment's workspace, as nothing
        tracks it. Of a file that is missing in the project itself, whoever reads it says more.
    """
    pointer = pointer_of(file)
    if file.exists():
        return
    if pointer.exists():
        print(f"{file} is missing; restoring it from DVC's cache", flush=True)
        run_dvc(["checkout", str(pointer)], print)
        if not file.exists():
            raise DataError(
                f"{file}: {pointer} tracks it, but it is neither here nor in DVC's cache; "
                f"run: dvc pull {pointer}, then: dvc repro"
            )
    elif _in_experiment() and not may_be_missing:
        raise DataError(
            f"{file}: expected the file in this experiment's workspace, which has only files that git or DVC "
            f"track, found none; in the project, run: dvc add {file} && git add {pointer}, then the "
            f"experiment again; or run: dvc exp run --copy-paths {file} ..."
        )


def require_archive(archive: Path) -> None:
    """Require an archive that params name.

    Raises:
      DataError: it is missing.
    """
    if not archive.exists():
        raise DataError(
            f"params.yaml: data.archive: {archive} is missing; expected a zip, a tar or a folder there; "
            "put it there, or correct data.archive, then run: dvc repro"
        )


def _in_experiment() -> bool:
    parts, length = Path.cwd().parts, len(_EXPERIMENTS)
    return any(parts[start : start + length] == _EXPERIMENTS for start in range(len(parts)))
