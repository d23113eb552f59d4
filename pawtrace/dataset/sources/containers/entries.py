"""What an archive holds, one file or folder at a time, and what makes it a decompression bomb."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.config.sections import Limits

# A small file of one colour compresses well without being a bomb.
BOMB_MIN_BYTES = 100_000
_PLAIN_KINDS = (0, stat.S_IFREG, stat.S_IFDIR)  # 0: a zip written where files have no mode


class Unreadable(Exception):  # noqa: N818 - no failure: it is listed, and the next entry follows
    """Why the bytes of one entry cannot be had."""


class Entry(NamedTuple):
    """One file or folder of an archive."""

    name: str  # as the archive gives it: may be anything
    is_folder: bool
    num_bytes: int  # unpacked
    refused: str | None  # why the whole archive is to be refused
    read: Callable[[], bytes]  # valid until the next entry; raises Unreadable


def refused_kind(mode: int) -> str | None:
    """Why an entry with this Unix mode is refused: None for files, folders, and without a mode."""
    if stat.S_ISLNK(mode):
        return "a link"
    return None if stat.S_IFMT(mode) in _PLAIN_KINDS else "a device or a pipe"


def check_ratio(path: Path, subject: str, unpacked: int, packed: int, limits: Limits) -> None:
    """Refuse what unpacks to far more bytes than it has.

    Raises:
      DataError: more than limits.max_compression_ratio times, and not tiny.
    """
    if unpacked > BOMB_MIN_BYTES and unpacked > limits.max_compression_ratio * packed:
        raise DataError(
            f"{path}: {subject} looks like a decompression bomb: expected at most "
            f"data.limits.max_compression_ratio ({limits.max_compression_ratio:g}) unpacked bytes per byte, "
            f"found {unpacked / max(packed, 1):.0f} or more; raise the limit if you trust the archive"
        )


def check_total(path: Path, unpacked: int, limits: Limits) -> None:
    """Refuse what unpacks to more bytes than expected of any archive.

    Raises:
      DataError: more than limits.max_unpacked_bytes.
    """
    if unpacked > limits.max_unpacked_bytes:
        raise DataError(
            f"{path}: expected at most data.limits.max_unpacked_bytes ({limits.max_unpacked_bytes}) in all, "
            f"found {unpacked} or more; raise the limit if you trust the archive"
        )
