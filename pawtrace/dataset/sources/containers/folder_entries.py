"""A folder of photos as entries, in the order of their names."""

import contextlib
import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from pawtrace.dataset.sources.containers.entries import Entry, Unreadable, refused_kind

_Identity = tuple[int, int]  # of a folder: device and inode
_FOLLOWED = "a link; to follow links, set data.follow_links: true"


def folder_entries(root: Path, *, follow_links: bool) -> Iterator[Entry]:
    """Walk through a folder, at any depth.

    Args:
      root: the folder.
      follow_links: go where links lead, also outside of the folder. A link that leads nowhere, or back to
        a folder that it lies in, is a file that cannot be read.
    """
    return _walk(root, root, follow_links, (_identity(root),))


def _walk(root: Path, folder: Path, follow_links: bool, above: tuple[_Identity, ...]) -> Iterator[Entry]:
    for item in sorted(os.scandir(folder), key=lambda item: item.name):
        path = Path(item.path)
        name = path.relative_to(root).as_posix()
        status = item.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode) and follow_links:
            problem = _link_problem(path, above)
            if problem:
                yield Entry(name, False, 0, None, partial(_unreadable, problem))
                continue
            status = path.stat()
        is_folder = stat.S_ISDIR(status.st_mode)
        refused = _FOLLOWED if stat.S_ISLNK(status.st_mode) else refused_kind(status.st_mode)
        num_bytes = 0 if is_folder else status.st_size
        yield Entry(name, is_folder, num_bytes, refused, partial(_opened, path), path)
        if is_folder:
            yield from _walk(root, path, follow_links, (*above, (status.st_dev, status.st_ino)))


def _identity(path: Path) -> _Identity:
    status = path.stat()
    return status.st_dev, status.st_ino


def _link_problem(link: Path, above: tuple[_Identity, ...]) -> str | None:
    try:
        return "a link back to a folder that it lies in" if _identity(link) in above else None
    except OSError:
        return "a link that leads nowhere"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except PermissionError:
        raise Unreadable("no permission to read it") from None


@contextlib.contextmanager
def _unreadable(problem: str) -> Iterator[IO[bytes]]:
    raise Unreadable(problem)
    yield
