"""A zip as entries, in the order of their names."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from pawtrace.base.errors import DataError
from pawtrace.config.sections import Limits
from pawtrace.dataset.sources.containers.entries import Entry, Unreadable, check_ratio, refused_kind

_ENCRYPTED = 0x1
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError)


def zip_entries(path: Path, limits: Limits) -> Iterator[Entry]:
    """Walk through a zip.

    Raises:
      DataError: it is truncated, damaged as a whole, or a bomb.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        raise DataError(f"{path}: the zip is truncated or damaged ({error}); fetch it again") from None
    with archive:
        infos = sorted(archive.infolist(), key=lambda info: info.filename)
        # Members that share their packed bytes pass the test of each member, but not this one.
        check_ratio(path, "the zip", sum(info.file_size for info in infos), path.stat().st_size, limits)
        for info in infos:
            check_ratio(path, f"member {info.filename!r}", info.file_size, info.compress_size, limits)
            name = info.orig_filename  # zipfile cuts the other one at a zero byte
            is_folder = name.endswith(("/", "\\"))
            yield Entry(name, is_folder, info.file_size, _refused(info), _reader(archive, info))


def _refused(info: zipfile.ZipInfo) -> str | None:
    return "encrypted" if info.flag_bits & _ENCRYPTED else refused_kind(info.external_attr >> 16)


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return archive.read(info)  # zipfile stops at the size that the zip declares
        except NotImplementedError:
            raise Unreadable("compressed by an unknown method") from None
        except _DAMAGE:
            raise Unreadable("damaged in the archive") from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise Unreadable("damaged in the archive") from None  # as bz2 says it

    return read
