"""A tar, plain or compressed, as entries, in the tar's order."""

import contextlib
import lzma
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.containers.entries import Entry
from pawtrace.dataset.sources.containers.tar_stream import NotATar, TarStream
from pawtrace.dataset.sources.containers.usage import Usage


def tar_entries(path: Path, usage: Usage) -> Iterator[Entry]:
    """Walk through a tar, unpacking it on the way: a bomb is stopped where it passes a limit.

    Raises:
      DataError: no tar, truncated, damaged (behind a damaged byte no other can be trusted), or a bomb.
    """
    num_packed = path.stat().st_size

    def check(num_unpacked: int) -> None:
        usage.check_ratio("the compressed tar", num_unpacked, num_packed)
        usage.check_total(num_unpacked)

    with _damage_named(path), contextlib.closing(TarStream(path, check)) as stream:
        for member in stream:
            opened = partial(_opened, path, stream, member)
            yield Entry(member.name, member.isdir(), member.size, _refused(member), opened)


def _refused(member: tarfile.TarInfo) -> str | None:
    if member.issym() or member.islnk():
        return "a link"
    if member.issparse():  # its zeros take no space in the tar: a bomb that no ratio shows
        return "a sparse file"
    if member.size < 0:
        return "a file of a negative size"
    return None if member.isreg() or member.isdir() else "a device or a pipe"


@contextlib.contextmanager
def _opened(path: Path, stream: TarStream, member: tarfile.TarInfo) -> Iterator[IO[bytes]]:
    with _damage_named(path):
        yield stream.open(member)


@contextlib.contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except NotATar as error:
        raise DataError(f"{path}: {error}") from None
    except EOFError:
        raise DataError(f"{path}: the tar is truncated; fetch it again") from None
    except (DataError, MemoryError):
        raise
    except lzma.LZMAError as error:
        if "memory usage limit" in str(error).lower():
            raise DataError(
                f"{path}: expected a tar.xz that unpacks in 64 MiB, found one that needs more memory; "
                "pack it again with xz -9 or less, or with gzip"
            ) from None
        raise _damaged(path, error) from None
    except OSError as error:
        if error.errno is not None:  # of the disk; gzip and bz2 have none
            raise
        raise _damaged(path, error) from None
    except Exception as error:  # for damaged headers, tarfile raises some ten kinds
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> DataError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return DataError(f"{path}: the tar is damaged ({said}); fetch it again")
