"""The switch to another promoted model: a reader of models/promoted always finds one whole model.

models/promoted is a link, and a link can be replaced in one step on every file system; a folder can
not. While promoted/, the folder that DVC tracks, is replaced, the link leads to a copy of the new model.
"""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import new_folder
from pawtrace.config import paths

_COPY = paths.WORK / "promoted"
# For a reader who followed the link just before it changed and has not opened the file yet.
_GRACE_SECONDS = 0.1


@contextlib.contextmanager
def new_promoted() -> Iterator[Path]:
    """Give an empty folder to fill; when the block succeeds, its content is the promoted model.

    Raises:
      PawtraceError: models/promoted is something else than a link.
      Whatever the block raises; the promoted model is then as it was.
    """
    if paths.PROMOTED.exists() and not paths.PROMOTED.is_symlink():
        raise PawtraceError(
            f"{paths.PROMOTED}: expected a link to {paths.PROMOTED_FOLDER}, found something else; "
            "move it away"
        )
    if was_cut_off():
        _settle()
    with new_folder(_COPY) as folder:
        yield folder
    link_promoted(_COPY)  # from here on, the new model is in use
    time.sleep(_GRACE_SECONDS)
    _settle()


def was_cut_off() -> bool:
    """Whether a kill interrupted the last switch; the next switch completes it first."""
    return paths.PROMOTED.resolve() == _COPY.resolve()


def link_promoted(folder: Path = paths.PROMOTED_FOLDER) -> None:
    """Point the link models/promoted to a folder, atomically."""
    link = paths.PROMOTED.with_name(f".partial-{paths.PROMOTED.name}")
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..") / folder)
    link.replace(paths.PROMOTED)


def _settle() -> None:
    with new_folder(paths.PROMOTED_FOLDER) as folder:
        shutil.copytree(_COPY, folder, dirs_exist_ok=True)
    link_promoted()
    time.sleep(_GRACE_SECONDS)
    shutil.rmtree(_COPY)
