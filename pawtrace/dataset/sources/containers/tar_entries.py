"""A tar, plain or compressed, as entries, in the tar's order."""

import contextlib
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from pawtrace.base.errors import DataError
from pawtrace.config.sections import Limits
from pawtrace.dataset.sources.containers.entries import Entry, check_ratio, check_total
from pawtrace.dataset.sources.containers.tar_stream import NotATar, TarStream


def tar_entries(path: Path, limits: Limits) -> Iterator[Entry]:
    """Walk through a tar, unpacking it on the way: a bomb is stopped where it passes a limit.

    Raises:
      DataError: no tar, truncated, damaged (behind a damaged byte no other can be trusted), or a bomb.
    """
    num_packed = path.stat().st_size

    def check(num_unpacked: int) -> None:
        check_ratio(path, "the compressed tar", num_unpacked, num_packed, limits)
        check_total(path, num_unpacked, limits)

    with _damage_named(path), contextlib.closing(TarStream(path, check)) as stream:
        for member in stream:
            read = _reader(path, stream, member)
            yield Entry(member.name, member.isdir(), member.size, _refused(member), read)


def _refused(member: tarfile.TarInfo) -> str | None:
    if member.issym() or member.islnk():
        return "a link"
    if member.issparse():  # its zeros take no space in the tar: a bomb that no ratio shows
        return "a sparse file"
    return None if member.isreg() or member.isdir() else "a device or a pipe"


def _reader(path: Path, stream: TarStream, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        with _damage_named(path):
            return stream.read(member)

    return read


@contextlib.contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except NotATar as error:
        raise DataError(f"{path}: expected a zip, a tar or a folder, found none of them ({error})") from None
    except EOFError:
        raise DataError(f"{path}: the tar is truncated; fetch it again") from None
    except (tarfile.TarError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise DataError(f"{path}: the tar is damaged ({error}); fetch it again") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise DataError(f"{path}: the tar is damaged ({error}); fetch it again") from None  # gzip, bz2
