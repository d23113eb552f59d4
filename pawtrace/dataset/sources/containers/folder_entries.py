"""A folder of photos as entries, in the order of their names."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pawtrace.dataset.sources.containers.entries import Entry, refused_kind


def folder_entries(root: Path) -> Iterator[Entry]:
    """Walk through a folder, at any depth, following no link."""
    return _walk(root, root)


def _walk(root: Path, folder: Path) -> Iterator[Entry]:
    for item in sorted(os.scandir(folder), key=lambda item: item.name):
        path, status = Path(item.path), item.stat(follow_symlinks=False)
        is_folder = stat.S_ISDIR(status.st_mode)
        num_bytes = 0 if is_folder else status.st_size
        name = path.relative_to(root).as_posix()
        yield Entry(name, is_folder, num_bytes, refused_kind(status.st_mode), path.read_bytes)
        if is_folder:
            yield from _walk(root, path)
