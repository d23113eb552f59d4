"""A tar read once from front to back, with a meter on what comes out.

tarfile alone takes a damaged header, or a cut at a member's border, for the end of the tar, skips
over data without a limit, and holds headers of any size in memory, and all members.
"""

import bz2
import gzip
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from pawtrace.dataset.sources.containers.entries import CHUNK
from pawtrace.dataset.sources.containers.xz_stream import XzStream

_OPENERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": XzStream,
}
_MAX_HEADER_BYTES = 2**18  # of all headers in front of one member; a name and attributes have a few hundred
# tarfile looks for a number in a way that takes minutes for many digits in a row (CVE-2024-6232).
_MANY_DIGITS = re.compile(rb"\d{100}")


class NotATar(Exception):  # noqa: N818 - becomes a DataError with the path
    """What was found at the start instead of a tar's first header."""


class UnusableHeader(Exception):  # noqa: N818 - becomes a DataError with the path
    """What is wrong with a header that tarfile would take; none of the errors that it hides."""


class TarStream:
    """The members of a tar, in its order.

    Args:
      path: the tar, plain or compressed with gzip, bzip2 or xz.
      check: called with the number of bytes unpacked so far, every MiB or sooner; raises to stop.
    Raises:
      NotATar: it does not begin as a tar.
      EOFError: it ends too soon.
      tarfile.TarError, or what tarfile and decompressors raise for damaged bytes.
    """

    def __init__(self, path: Path, check: Callable[[int], None]) -> None:
        opener = _opener(path)
        self._is_compressed = opener is not None
        self._meter = _Meter(path.open("rb") if opener is None else opener(path), check)
        self._tar: tarfile.TarFile | None = None

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        try:
            self._tar = tarfile.TarFile.taropen("", "r", cast(IO[bytes], self._meter))  # noqa: SIM115 - close() does
        except tarfile.ReadError as error:
            raise NotATar(self._not_a_tar()) from error
        while (member := self._next(self._tar)) is not None:
            yield member
        self._check_end()

    def _next(self, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
        self._meter.begin_header()
        try:
            member = tar.next()
        except tarfile.ReadError as error:
            raise EOFError if "end of data" in str(error) else error from None
        finally:
            self._meter.end_header()
        tar.members.clear()  # type: ignore[attr-defined]  # where tarfile would keep all of them
        if sum(len(key) + len(str(value)) for key, value in tar.pax_headers.items()) > _MAX_HEADER_BYTES:
            raise UnusableHeader("its global headers are too long")
        return member

    def _not_a_tar(self) -> str:
        if self._is_compressed:
            return "expected a tar in the compressed file, found none, or a damaged one; fetch it again"
        return "expected a zip, a tar or a folder, found none of them"

    def _check_end(self) -> None:
        end_mark = bytes(tarfile.BLOCKSIZE)
        if len(self._meter.last) < len(end_mark):
            raise EOFError
        if self._meter.last != end_mark:
            raise tarfile.HeaderError("a header is unreadable")
        while self._meter.read(CHUNK):  # up to the checksum of the compressed whole
            pass

    def open(self, member: tarfile.TarInfo) -> IO[bytes]:
        """The bytes of the member that the iteration is at, to be read before the next one."""
        file = self._tar.extractfile(member) if self._tar else None
        assert file is not None, "only a plain file has bytes"
        return file

    def close(self) -> None:
        """Close the file."""
        self._meter.close()


def _opener(path: Path) -> Callable[[Path], Any] | None:
    with path.open("rb") as file:
        start = file.read(6)
    return next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)


class _Meter:
    """What tarfile needs of a file, forwards only: each byte is unpacked once and counted."""

    def __init__(self, source: IO[bytes], check: Callable[[int], None]) -> None:
        self._source = source
        self._check = check
        self._position = 0
        self._header_bytes: int | None = 0  # of the headers that are being read; None: reads are of contents
        self.last = b""  # of the latest read

    def begin_header(self) -> None:
        """What is read from here on is headers, which tarfile holds in memory."""
        self._header_bytes = 0

    def end_header(self) -> None:
        """What is read from here on is a member's bytes."""
        self._header_bytes = None

    def read(self, size: int) -> bytes:
        if self._header_bytes is not None:
            self._header_bytes += size
            if self._header_bytes > _MAX_HEADER_BYTES:
                raise UnusableHeader(f"a member's headers have more than {_MAX_HEADER_BYTES} bytes")
        self.last = self._unpack(size)
        if self._header_bytes is not None and size > tarfile.BLOCKSIZE and _MANY_DIGITS.search(self.last):
            raise UnusableHeader("a header has a number of a hundred digits")
        return self.last

    def _unpack(self, size: int) -> bytes:
        chunks = []
        while size > 0 and (chunk := self._source.read(min(size, CHUNK))):
            self._position += len(chunk)
            self._check(self._position)
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)

    def seek(self, position: int) -> int:
        if position < self._position:  # a size below zero: tarfile would read in a circle
            raise UnusableHeader("a member has a negative size")
        while self._position < position and (skipped := self._unpack(min(position - self._position, CHUNK))):
            self.last = skipped
        return self._position

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._source.close()
