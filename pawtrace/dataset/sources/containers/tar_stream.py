"""A tar read once from front to back, with a meter on what comes out.

tarfile alone takes a damaged header, or a cut at a member's border, for the end of the tar, and
skips over data without a limit.
"""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

_CHUNK = 2**20
_OPENERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}


class NotATar(Exception):  # noqa: N818 - becomes a DataError with the path
    """What was found at the start instead of a tar's first header."""


class TarStream:
    """The members of a tar, in its order.

    Args:
      path: the tar, plain or compressed with gzip, bzip2 or xz.
      check: called with the number of bytes unpacked so far, every MiB or sooner; raises to stop.
    Raises:
      NotATar: it does not begin as a tar.
      EOFError: it ends too soon.
      tarfile.TarError, zlib.error, lzma.LZMAError, OSError: it is damaged.
    """

    def __init__(self, path: Path, check: Callable[[int], None]) -> None:
        self._meter = _Meter(_decompressed(path), check)
        self._tar: tarfile.TarFile | None = None

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        try:
            self._tar = tarfile.TarFile.taropen("", "r", cast(IO[bytes], self._meter))  # noqa: SIM115 - close() does
        except tarfile.ReadError as error:
            raise NotATar(str(error)) from None
        try:
            yield from self._tar
        except tarfile.ReadError as error:
            raise EOFError if "end of data" in str(error) else error from None
        self._check_end()

    def _check_end(self) -> None:
        end_mark = bytes(tarfile.BLOCKSIZE)
        if len(self._meter.last) < len(end_mark):
            raise EOFError
        if self._meter.last != end_mark:
            raise tarfile.HeaderError("a header is unreadable")
        while self._meter.read(_CHUNK):  # up to the checksum of the compressed whole
            pass

    def read(self, member: tarfile.TarInfo) -> bytes:
        """The bytes of the member that the iteration is at."""
        file = self._tar.extractfile(member) if self._tar else None
        content = file.read() if file else b""
        if len(content) != member.size:
            raise EOFError
        return content

    def close(self) -> None:
        """Close the file."""
        self._meter.close()


def _decompressed(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        start = file.read(6)
    for magic, opener in _OPENERS.items():
        if start.startswith(magic):
            return cast(IO[bytes], opener(path))
    return path.open("rb")


class _Meter:
    """What tarfile needs of a file, forwards only: each byte is unpacked once and counted."""

    def __init__(self, source: IO[bytes], check: Callable[[int], None]) -> None:
        self._source = source
        self._check = check
        self._position = 0
        self.last = b""  # of the latest read

    def read(self, size: int) -> bytes:
        chunks = []
        while size > 0 and (chunk := self._source.read(min(size, _CHUNK))):
            self._position += len(chunk)
            self._check(self._position)
            chunks.append(chunk)
            size -= len(chunk)
        self.last = b"".join(chunks)
        return self.last

    def seek(self, position: int) -> int:
        assert position >= self._position, "a tar is read forwards only"
        while self._position < position and self.read(min(position - self._position, _CHUNK)):
            pass
        return self._position

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._source.close()
