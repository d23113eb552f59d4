"""DVC's cache: files by the md5 of their content, folders as lists of such files.

Source: DVC 3's layout, `.dvc/cache/files/md5/ab/cdef...`; a folder's object ends in `.dir`.
"""

import configparser
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pawtrace.base.errors import DataError

_DVC = Path(".dvc")
FOLDER = ".dir"


def cache_folder() -> Path:
    """Where the cache lies: `.dvc/cache`, unless DVC's config names another place.

    Raises:
      DataError: the config is none.
    """
    folder = _DVC / "cache"
    for name in ("config", "config.local"):
        config = configparser.ConfigParser(strict=False, interpolation=None)
        try:
            config.read(_DVC / name, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            error_text = " ".join(str(error).split())
            raise DataError(f"{_DVC / name}: expected DVC's config, found {error_text}; mend it") from None
        if config.has_option("cache", "dir"):
            folder = _DVC / config.get("cache", "dir")  # relative to .dvc; an absolute one stays
    return folder


def object_path(md5: str) -> Path:
    """The file that holds the content with that md5, whether or not it is there."""
    return cache_folder() / "files" / "md5" / md5[:2] / md5[2:]


def cached(md5: str) -> bytes:
    """The content of an object.

    Raises:
      DataError: it is not in the cache.
    """
    try:
        return object_path(md5).read_bytes()
    except FileNotFoundError:
        raise DataError(f"expected {md5} in DVC's cache, found nothing; run: dvc pull") from None


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
