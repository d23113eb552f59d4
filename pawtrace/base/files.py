"""Atomic writing of files and folders, and fingerprints of files.

Everything is written to a temporary path beside its target, flushed to disk, and renamed to the target.
"""

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

_BLOCK_BYTES = 2**20


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a path to write to; when the block succeeds, the file replaces `path`.

    Raises:
      Whatever the block raises; `path` is then unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    partial.unlink(missing_ok=True)
    try:
        yield partial
        flush(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill; when the block succeeds, the folder replaces `path`.

    Raises:
      Whatever the block raises; `path` is then unchanged.
    """
    partial = path.with_name(f".partial-{path.name}")
    old = path.with_name(f".old-{path.name}")
    _put_back(old, path)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                flush(file)
        if path.exists():
            path.rename(old)
        partial.rename(path)
    finally:
        _put_back(old, path)
        shutil.rmtree(partial, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a small UTF-8 text file atomically."""
    with new_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal content is equal bytes. NaN is refused."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def csv_text(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    """CSV with a line of column names; lines end in a newline on every system."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5_of(path: Path) -> str:
    """The md5 of a file's bytes, as 32 hex digits: DVC and Keras know files by it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def fingerprint(content: Any) -> str:
    """The sha256 of anything that JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def files_fingerprint(files: Iterable[Path]) -> str:
    """A fingerprint of files by name and content, wherever they lie and in whatever order."""
    return fingerprint({path.name: sha256_of(path) for path in files})


def _put_back(old: Path, path: Path) -> None:
    """Undo half a swap: one that was cut off after the old folder had made room."""
    if old.exists() and not path.exists():
        old.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def flush(path: Path) -> None:
    """Have a file's bytes on disk, not only on their way there."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def reserve(path: Path, start: int = 0) -> None:
    """Have the disk keep room for all of a sparse file; its bytes from `start` on may become zeros.

    Raises:
      OSError: the disk has no room.
    """
    size = path.stat().st_size
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except (AttributeError, OSError) as error:  # macOS has no such call, some file systems do not know it
            if isinstance(error, OSError) and error.errno not in (
                errno.EOPNOTSUPP,
                errno.EINVAL,
                errno.ENOSYS,
            ):
                raise
            file.seek(start)
            for done in range(start, size, _BLOCK_BYTES):
                file.write(bytes(min(_BLOCK_BYTES, size - done)))
