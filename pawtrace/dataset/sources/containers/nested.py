"""A zip within an archive, as a file that can be read from its end, as a zip must be."""

import contextlib
import tempfile
from collections.abc import Iterator
from typing import IO

from pawtrace.config.paths import WORK
from pawtrace.dataset.sources.containers.entries import CHUNK, DAMAGED, Entry, Unreadable

MAX_DEPTH = 3  # archive, zip in it, zip in that: a zip can be made that holds itself
_STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # of a zip, of an empty one


def is_named_zip(name: str) -> bool:
    """Whether a file is called a zip: office documents are zips too, and meant as a whole."""
    return name.lower().endswith(".zip")


def is_zip(file: IO[bytes]) -> bool:
    """Whether a file begins as a zip; leaves it at its start."""
    file.seek(0)
    start = file.read(len(_STARTS[0]))
    file.seek(0)
    return start in _STARTS


@contextlib.contextmanager
def seekable(entry: Entry) -> Iterator[IO[bytes]]:
    """The bytes of a file, where they lie or in a copy in .pawtrace.

    The copy has no name, so that even a killed run leaves nothing behind.

    Raises:
      Unreadable: they are damaged.
    """
    if entry.file is not None:
        with entry.file.open("rb") as file:
            yield file
        return
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryFile(dir=WORK) as file:
        num_copied = 0
        with entry.open() as stream:
            while num_copied <= entry.num_bytes and (chunk := stream.read(CHUNK)):
                num_copied += file.write(chunk)
        if num_copied != entry.num_bytes:
            raise Unreadable(DAMAGED)
        yield file


@contextlib.contextmanager
def from_start(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """An open file, read once more from its start."""
    file.seek(0)
    yield file
