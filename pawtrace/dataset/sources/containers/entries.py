"""What an archive holds, one file or folder at a time, and how its bytes are read within bounds."""

import io
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, NamedTuple

CHUNK = 2**20  # bytes read at once: what is unpacked is checked at least this often
_PLAIN_KINDS = (0, stat.S_IFREG, stat.S_IFDIR)  # 0: a zip written where files have no mode
DAMAGED = "damaged in the archive"


class Unreadable(Exception):  # noqa: N818 - no failure: it is listed, and the next entry follows
    """Why the bytes of one entry cannot be read."""


class Entry(NamedTuple):
    """One file or folder of an archive."""

    name: str  # as the archive gives it: may be anything
    is_folder: bool
    num_bytes: int  # unpacked, as the archive declares it: may be wrong
    refused: str | None  # why the whole archive is to be refused
    open: Callable[[], AbstractContextManager[IO[bytes]]]  # valid until the next entry; reading: Unreadable
    file: Path | None = None  # where the bytes lie uncompressed, in a file of their own


def read_entry(entry: Entry) -> bytes:
    """All bytes of a file; their number must be the one that it declares.

    Raises:
      Unreadable: there are more or fewer, or they are damaged. Nothing beyond a chunk more is unpacked.
    """
    content = io.BytesIO()
    with entry.open() as stream:
        while content.tell() <= entry.num_bytes and (chunk := stream.read(CHUNK)):
            content.write(chunk)
    if content.tell() != entry.num_bytes:
        raise Unreadable(DAMAGED)
    return content.getvalue()  # of a BytesIO that nothing else holds: no copy


def refused_kind(mode: int) -> str | None:
    """Why an entry with this Unix mode is refused: None for files, folders, and without a mode."""
    if stat.S_ISLNK(mode):
        return "a link"
    return None if stat.S_IFMT(mode) in _PLAIN_KINDS else "a device or a pipe"
