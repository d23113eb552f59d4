"""DVC's cache: files by the md5 of their content, folders as lists of such files.

Source: DVC 3's layout, `.dvc/cache/files/md5/ab/cdef...`; a folder's object ends in `.dir`.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pawtrace.base.errors import DataError

FOLDER = ".dir"


def cache_folder() -> Path:
    """The folder of the cache: `.dvc/cache`, unless DVC's config names another one.

    DVC reads its config of the system, of the user, of the project and of this clone; the last one wins.

    Raises:
      DataError: the config is none.
    """
    project = Path.cwd()
    folder = Path(_config(project)["cache"].get("dir", ".dvc/cache"))
    return folder.relative_to(project) if folder.is_relative_to(project) else folder


def has_remote() -> bool:
    """Whether DVC has a remote to pull from."""
    return bool(_config(Path.cwd())["core"].get("remote"))


@functools.cache  # of a command's life: reading all configs takes 20 ms, and each object is asked for
def _config(project: Path) -> dict[str, dict[str, Any]]:
    from dvc.config import Config  # a quarter of a second, which not every trace needs
    from dvc.exceptions import DvcException

    try:
        return dict(Config(str(project / ".dvc")))
    except (DvcException, OSError, ValueError) as error:
        line = " ".join(str(error).split())
        raise DataError(f"DVC's config cannot be read: {line}; correct that file") from None


def object_path(md5: str) -> Path:
    """The file that holds the content with that md5, whether or not it is there."""
    return cache_folder() / "files" / "md5" / md5[:2] / md5[2:]


def is_lost_copy(path: str) -> bool:
    """Whether a path is that of a copy in DVC's cache, and nothing is there."""
    return Path(path).is_relative_to(cache_folder()) and not Path(path).exists()


def cached(md5: str) -> bytes:
    """The content of an object.

    Raises:
      DataError: it is not in the cache.
    """
    try:
        return object_path(md5).read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"expected {md5} in DVC's cache, found nothing; if there is a DVC remote, run: dvc pull"
        ) from None


def cached_folder(md5: str) -> dict[str, str]:
    """The files of a folder, by their path in it, with their md5.

    Raises:
      DataError: the folder's object is missing or damaged.
    """
    try:
        return {entry["relpath"]: entry["md5"] for entry in json.loads(cached(md5))}
    except (ValueError, KeyError, TypeError):
        raise DataError(
            f"{object_path(md5)}: expected a list of files, found it damaged; delete it and run: dvc pull"
        ) from None


def folder_md5(files: Mapping[str, str]) -> str:
    """The md5 that DVC gives to a folder of such files: path in it -> md5."""
    entries = [{"md5": md5, "relpath": path} for path, md5 in sorted(files.items())]
    return md5_of(json.dumps(entries).encode()) + FOLDER


def md5_of(content: bytes) -> str:
    """The md5 by which DVC knows a file with that content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
