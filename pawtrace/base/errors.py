"""Errors that the user can fix, each with a message of one line.

The message says where the problem is, what was expected, what was found, and what to run next.
"""

import errno
from pathlib import Path

_DISK_FULL_CODES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# A folder or file that is read-only, somebody else's, a file in a folder's place, or on a broken disk.
_UNUSABLE_CODES = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EIO,
}  # fmt: skip
# TensorFlow, HDF5 and SQLite report a full disk only in words.
_DISK_FULL_WORDS = ("no space left on device", "database or disk is full", "file too large")


class PawtraceError(Exception):
    """A problem that its message explains completely; entry points show it without a traceback."""


class ParamsError(PawtraceError):
    """params.yaml, or a recipe in it, is wrong."""


class DataError(PawtraceError):
    """An archive, a split, a record or a shard is missing, changed or unusable."""


class DeviceError(PawtraceError):
    """The hardware or the disk cannot do what was asked."""


class TrainingError(PawtraceError):
    """A model, its weights or its training is unusable."""


def first_line(error: BaseException) -> str:
    """The first line of what an error says, as `in_one_line` shows it."""
    return in_one_line(str(error).splitlines()[0]) if str(error) else type(error).__name__


def in_one_line(text: str, max_characters: int = 200) -> str:
    """A text without line breaks, cut between two words if it is too long."""
    line = " ".join(text.split())
    if len(line) <= max_characters:
        return line
    return f"{line[:max_characters].rsplit(' ', 1)[0]} ..."


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or one that caused it, says that the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_FULL_CODES:
            return True
        if any(words in str(error).lower() for words in _DISK_FULL_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


def unusable_path(error: BaseException | None) -> str | None:
    """The path that an error, or one that caused it, says cannot be used, and why; None for other errors."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _UNUSABLE_CODES and error.filename is not None:
            path = Path(str(error.filename))
            return f"{path.with_name(path.name.removeprefix('.partial-'))} ({error.strerror})"
        error = error.__cause__ or error.__context__
    return None
