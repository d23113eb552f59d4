"""An xz file as a stream that needs bounded memory, which `lzma.open` does not offer."""

import lzma
from pathlib import Path

_READ_BYTES = 2**16
# xz -9 wants 65 MiB to unpack; a file may declare a dictionary of 1.5 GiB.
_MAX_MEMORY_BYTES = 66 * 2**20


class XzStream:
    """The unpacked bytes of an xz file, which may be several streams one after another.

    Raises:
      lzma.LZMAError: it is damaged, or was packed so that it needs more memory than xz -9 does.
      EOFError: it ends too soon.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._decompressor = _decompressor()

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while True:
            if self._decompressor.eof and not self._begin_next_stream():
                return b""
            packed = self._file.read(_READ_BYTES) if self._decompressor.needs_input else b""
            if self._decompressor.needs_input and not packed:
                raise EOFError
            if unpacked := self._decompressor.decompress(packed, size):
                return unpacked

    def _begin_next_stream(self) -> bool:
        rest = self._decompressor.unused_data or self._file.read(_READ_BYTES)
        while rest and not (rest := rest.lstrip(b"\0")):  # padding between streams
            rest = self._file.read(_READ_BYTES)
        if not rest:
            return False
        self._file.seek(-len(rest), 1)
        self._decompressor = _decompressor()
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _decompressor() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_MEMORY_BYTES)
