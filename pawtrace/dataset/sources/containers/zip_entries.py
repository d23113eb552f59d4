"""A zip as entries, in the order of their names."""

import contextlib
import errno
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import IO, cast

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.containers.entries import DAMAGED, Entry, Unreadable, refused_kind
from pawtrace.dataset.sources.containers.member_names import encoding_of
from pawtrace.dataset.sources.containers.usage import Usage

_ENCRYPTED = 0x1
_UTF8 = 0x800
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,  # UnicodeDecodeError is one
    NotImplementedError,
    OverflowError,
)
# zipfile unpacks other methods without a limit, and few programs write them.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OTHER_METHODS = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    12: "bzip2",
    14: "LZMA",
    93: "Zstandard",
    95: "XZ",
}
_DIRECTORY_ENTRY = b"PK\x01\x02"


def zip_entries(file: IO[bytes], where: str, usage: Usage) -> Iterator[Entry]:
    """Walk through a zip.

    Args:
      file: the zip; seekable.
      where: how messages call it.
      usage: of the archive as a whole.
    Raises:
      DataError: it is truncated, damaged as a whole, or a bomb.
    """
    bounded = _Bounded(file, usage)
    try:
        archive = zipfile.ZipFile(cast(IO[bytes], bounded))
    except _DAMAGE as error:
        raise DataError(
            f"{where}: the zip is truncated or damaged ({_line(error)}); fetch it again"
        ) from None
    bounded.is_open = True
    infos = sorted(archive.infolist(), key=lambda info: info.filename)
    _check_methods(infos, where)
    # Members that share their packed bytes pass the test of each member, but not this one.
    usage.check_ratio(_subject(where, usage), sum(info.file_size for info in infos), _size(file))
    encoding = encoding_of(_raw_name(info) for info in infos if not info.flag_bits & _UTF8)
    for info in infos:
        name = info.orig_filename  # zipfile cuts the other one at a zero byte
        if not info.flag_bits & _UTF8:
            name = _raw_name(info).decode(encoding)
        usage.check_ratio(f"member {name!r:.200}", info.file_size, info.compress_size)
        is_folder = name.endswith(("/", "\\"))
        num_bytes = 0 if is_folder else info.file_size
        yield Entry(name, is_folder, num_bytes, _refused(info), partial(_opened, archive, info))


def _check_methods(infos: list[zipfile.ZipInfo], where: str) -> None:
    """Before anything else: no limit that a user could raise would make such a zip readable."""
    for info in infos:
        if info.compress_type not in _METHODS:
            method = _OTHER_METHODS.get(info.compress_type, f"method {info.compress_type}")
            raise DataError(
                f"{where}: expected files that are stored or compressed with Deflate, found {method}: "
                f"{info.filename!r:.200}; zip the files again with Deflate, the usual method"
            )


def _refused(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _ENCRYPTED:
        return "an encrypted file; zip the files again without a password"
    return refused_kind(info.external_attr >> 16)


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    """A name's bytes: zipfile takes all that are not marked as UTF-8 for CP437, which has every byte."""
    return info.orig_filename.encode("cp437")


@contextlib.contextmanager
def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    try:
        with archive.open(info) as stream:  # which ends at the size that the zip declares
            yield stream
    except _DAMAGE:  # the header beside the bytes may differ from that in the list
        raise Unreadable(DAMAGED) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # an offset below zero
            raise
        raise Unreadable(DAMAGED) from None


def _subject(where: str, usage: Usage) -> str:
    return "the zip" if where == str(usage.path) else f"the zip {where.removeprefix(f'{usage.path}: ')}"


def _size(file: IO[bytes]) -> int:
    return file.seek(0, 2)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


class _Bounded:
    """A zip's file as zipfile opens it: the list of members, which it reads as a whole, has a limit."""

    def __init__(self, file: IO[bytes], usage: Usage) -> None:
        self._file = file
        self._usage = usage
        self.is_open = False
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable
        self.close = file.close

    def read(self, size: int = -1) -> bytes:
        if self.is_open:
            return self._file.read(size)
        self._usage.check_list(size)
        content = self._file.read(size)
        self._usage.check_num_files(content.count(_DIRECTORY_ENTRY))
        return content
