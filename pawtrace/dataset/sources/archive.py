"""A zip, tar or folder from anywhere, checked as a whole, then read file by file.

Nothing is unpacked to disk. What could harm (names that escape, links, devices, bombs) or could
not be complete (truncated, encrypted) refuses the whole archive; one damaged file is only listed.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.base.files import sha256_of
from pawtrace.config.sections import Limits
from pawtrace.dataset.sources.containers.entries import Entry, Unreadable, check_total
from pawtrace.dataset.sources.containers.folder_entries import folder_entries
from pawtrace.dataset.sources.containers.tar_entries import tar_entries
from pawtrace.dataset.sources.containers.zip_entries import zip_entries

_ZIP_START = b"PK"
# Python's csv, before 3.13, does not read a carriage return back that it wrote: a Mac's "Icon\r".
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile("^[A-Za-z]:")
# 16-bit RGBA without compression, and room for metadata: no image within the limit is larger.
_MAX_BYTES_PER_PIXEL = 8
_MAX_METADATA_BYTES = 2**24


class Member(NamedTuple):
    """One file of an archive."""

    name: str  # with forward slashes, relative
    content: bytes | None  # None when it cannot be had
    problem: str | None  # why not: one of a few fixed phrases


class Archive:
    """A zip, tar (.gz, .bz2, .xz) or folder, all of whose members have been checked.

    Args:
      path: what to read.
      limits: what it may hold at most.
    Raises:
      DataError: missing, not an archive, truncated, encrypted, a member that would escape, a link,
        a device, or a decompression bomb: the archive is refused as a whole.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        folders: set[str] = set()
        for name, entry in self._entries():
            folders |= _folders(name, entry.is_folder)
        self.folders = frozenset(folders)  # paths, with forward slashes

    def members(self) -> Iterator[Member]:
        """The files: a zip's and a folder's by name, a tar's in its order.

        A name's first file counts; later ones, and those that are damaged, come with a problem.
        """
        names = set()
        for name, entry in self._entries():
            if entry.is_folder:
                continue
            if name in names:
                yield Member(name, None, "duplicate name in the archive")
            else:
                names.add(name)
                yield self._read(name, entry)

    def _read(self, name: str, entry: Entry) -> Member:
        if entry.num_bytes > self._limits.max_image_pixels * _MAX_BYTES_PER_PIXEL + _MAX_METADATA_BYTES:
            return Member(name, None, f"too many bytes for an image: {entry.num_bytes}")
        try:
            return Member(name, entry.read(), None)
        except Unreadable as reason:
            return Member(name, None, str(reason))

    def _entries(self) -> Iterator[tuple[str, Entry]]:
        total = 0
        for entry in _open(self._path, self._limits):
            problem = entry.refused or _escape(entry.name)
            if problem:
                raise DataError(
                    f"{self._path}: expected plain files inside the archive, found {problem}: "
                    f"{entry.name!r:.200}; the whole archive is refused"
                )
            total += entry.num_bytes
            check_total(self._path, total, self._limits)
            yield _clean(entry.name), entry


def archive_digest(path: Path) -> str:
    """The sha256 of an archive, as 64 hex digits.

    Args:
      path: a file, or a folder: then of the lines `sha256  relative/path` of its files, sorted.
    Raises:
      DataError: it is missing, may not be read, or is a folder with a link or a device in it.
    """
    _check_there(path)
    try:
        return _folder_digest(path) if path.is_dir() else sha256_of(path)
    except PermissionError as error:
        raise DataError(f"{path}: expected permission to read {error.filename}, found none") from None


def _folder_digest(path: Path) -> str:
    lines = []
    for entry in folder_entries(path):
        if entry.refused:
            raise DataError(
                f"{path}: expected plain files in the folder, found {entry.refused}: {entry.name!r}"
            )
        if not entry.is_folder:
            lines.append(f"{sha256_of(path / entry.name)}  {_clean(entry.name)}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def checked_digest(path: Path, expected: str | None) -> str:
    """The digest of an archive, after comparing it with `data.archive_sha256` where that is given.

    Raises:
      DataError: they differ, or there is no archive.
    """
    digest = archive_digest(path)
    if expected not in (None, digest):
        raise DataError(
            f"{path}: expected data.archive_sha256 {expected}, found {digest}; "
            "fetch the archive again, or correct data.archive_sha256"
        )
    return digest


def _open(path: Path, limits: Limits) -> Iterator[Entry]:
    _check_there(path)
    if path.is_dir():
        return folder_entries(path)
    with path.open("rb") as file:
        is_zip = file.read(len(_ZIP_START)) == _ZIP_START
    return zip_entries(path, limits) if is_zip else tar_entries(path, limits)


def _check_there(path: Path) -> None:
    if not path.exists():
        raise DataError(f"data.archive: {path} is missing; expected a zip, a tar or a folder there")


def _escape(name: str) -> str | None:
    """Why a name is unsafe, on any system."""
    parts = re.split(r"[/\\]", name)
    if "\0" in name:
        return "a name with a zero byte"
    if parts[0] == "" or _DRIVE.match(name):
        return "an absolute name"
    return "a name that leaves the archive" if ".." in parts else None


def _clean(name: str) -> str:
    """A safe name with forward slashes, in valid UTF-8, without control characters."""
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    valid = "/".join(parts).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _CONTROL.sub("\ufffd", valid)


def _folders(name: str, is_folder: bool) -> frozenset[str]:
    parts = name.split("/") if is_folder else name.split("/")[:-1]
    return frozenset("/".join(parts[:end]) for end in range(1, len(parts) + 1)) - {""}
