"""A folder that takes the place of another in one step, so that nobody ever finds the place empty."""

import contextlib
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pawtrace.base.errors import DeviceError
from pawtrace.base.files import flush

_CURRENT_FOLDER = -100  # AT_FDCWD of fcntl.h
_EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h


@contextlib.contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill; when the block succeeds, it and `path` change places at once.

    Raises:
      DeviceError: the file system cannot exchange two folders.
      Whatever the block raises; `path` is then as it was.
    """
    partial = path.with_name(f".partial-{path.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        for file in partial.iterdir():
            flush(file)
        if path.exists():
            _exchange(partial, path)
        else:
            partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)  # what is unfinished, or what was replaced


def _exchange(one: Path, other: Path) -> None:
    """Source: renameat2(2); pathlib can only replace an empty folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_CURRENT_FOLDER, os.fsencode(one), _CURRENT_FOLDER, os.fsencode(other), _EXCHANGE):
        reason = os.strerror(ctypes.get_errno())
        raise DeviceError(
            f"{other}: expected a file system that can exchange two folders, found: {reason}; "
            "move the project to a local Linux file system"
        )
