"""A zip, tar or folder from an untrusted source, checked as a whole, then read file by file.

No photo is unpacked to disk. An archive is refused as a whole if it could do harm (path traversal, links,
devices, bombs) or is incomplete (truncated, encrypted); a single damaged file is only listed. Only one file
is in memory here, whatever the archive declares.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.base.files import sha256_of
from pawtrace.config.sections import Limits
from pawtrace.config.urls import how_to_fetch
from pawtrace.dataset.sources.containers.entries import Entry, Unreadable, read_entry
from pawtrace.dataset.sources.containers.folder_entries import folder_entries
from pawtrace.dataset.sources.containers.member_names import clean, escape_problem
from pawtrace.dataset.sources.containers.nested import (
    MAX_DEPTH,
    from_start,
    is_named_zip,
    is_zip,
    seekable,
)
from pawtrace.dataset.sources.containers.tar_entries import tar_entries
from pawtrace.dataset.sources.containers.usage import Usage
from pawtrace.dataset.sources.containers.zip_entries import zip_entries
from pawtrace.dataset.sources.inspection import max_file_bytes
from pawtrace.dataset.sources.layout import Layout
from pawtrace.dataset.sources.true_names import HEAD_BYTES, true_name

_ZIP_START = b"PK"
_TAR_STARTS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_DIGEST_BYTES = 16  # of a name: enough to tell any two apart, and shorter


class Member(NamedTuple):
    """One file of an archive."""

    name: str  # with forward slashes, relative; what lies in a zip within begins with that zip's name
    content: bytes | None  # None when it cannot be had
    problem: str | None  # why not: one of a few fixed phrases


class Archive:
    """A zip, tar (.gz, .bz2, .xz) or folder, and the zips in it, all of whose members have been checked.

    Args:
      path: what to read.
      limits: what it may hold at most.
      follow_links: follow a folder's links; those of a zip or a tar are refused in any case.
    Raises:
      DataError: missing, not an archive, truncated, encrypted, a member that would escape, a link,
        a device, or a decompression bomb: the archive is refused as a whole.
    """

    def __init__(self, path: Path, limits: Limits, *, follow_links: bool = False) -> None:
        self._path = path
        self._limits = limits
        self._follow_links = follow_links
        self.layout = Layout()
        for name, entry in self._entries():
            self.layout.see(name, entry.is_folder)

    def members(self) -> Iterator[Member]:
        """The files: a zip's and a folder's by name, a tar's in its order.

        A name's first file counts; later ones, and those that are damaged, come with a problem.
        """
        names = set()
        for name, entry in self._entries():
            if entry.is_folder:
                continue
            digest = hashlib.blake2b(name.encode(), digest_size=_DIGEST_BYTES).digest()
            if digest in names:
                yield Member(name, None, "duplicate name in the archive")
            else:
                names.add(digest)
                yield self._read(name, entry)

    def _read(self, name: str, entry: Entry) -> Member:
        if entry.num_bytes > max_file_bytes(self._limits.max_image_pixels):
            return Member(name, None, f"too many bytes for an image: {entry.num_bytes}")
        try:
            return Member(name, read_entry(entry), None)
        except Unreadable as reason:
            return Member(name, None, str(reason))

    def _entries(self) -> Iterator[tuple[str, Entry]]:
        usage = Usage(self._path, self._limits)
        yield from self._checked(_open(self._path, usage, follow_links=self._follow_links), usage, "", 1)

    def _checked(
        self, entries: Iterator[Entry], usage: Usage, prefix: str, depth: int
    ) -> Iterator[tuple[str, Entry]]:
        for entry in entries:
            problem = entry.refused or escape_problem(entry.name)
            if problem:
                raise DataError(
                    f"{self._path}: expected plain files inside the archive, found {problem}: "
                    f"{prefix + entry.name!r:.200}; the whole archive is refused"
                )
            name = prefix + clean(entry.name)
            usage.add(name, entry.num_bytes)
            if depth > 1:
                usage.check_all_together()
            if entry.is_folder or not is_named_zip(name) or depth == MAX_DEPTH:
                yield name, entry
            else:
                yield from self._within(name, entry, usage, depth)

    def _within(self, name: str, entry: Entry, usage: Usage, depth: int) -> Iterator[tuple[str, Entry]]:
        """The files of a zip within the archive; the entry itself where it is no zip after all."""
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(seekable(entry))
            except Unreadable as reason:
                raise DataError(
                    f"{self._path}: the zip {name} in it is unreadable ({reason}); fetch the archive again"
                ) from None
            if is_zip(file):
                entries = zip_entries(file, f"{self._path}: {name}", usage)
                yield from self._checked(entries, usage, f"{name}/", depth + 1)
            else:
                yield name, entry._replace(open=partial(from_start, file))


def archive_digest(path: Path, *, follow_links: bool = False) -> str:
    """The sha256 of an archive, as 64 hex digits.

    Args:
      path: a file, or a folder: then of the lines `sha256  relative/path` of its files, sorted.
      follow_links: follow a folder's links.
    Raises:
      DataError: it is missing, may not be read, or is a folder with a link or a device in it.
    """
    _check_there(path)
    try:
        return _folder_digest(path, follow_links) if path.is_dir() else sha256_of(path)
    except PermissionError as error:
        raise DataError(f"{path}: expected permission to read {error.filename}, found none") from None


def _folder_digest(path: Path, follow_links: bool) -> str:
    lines = []
    for entry in folder_entries(path, follow_links=follow_links):
        if entry.refused:
            raise DataError(
                f"{path}: expected plain files in the folder, found {entry.refused}: {entry.name!r}"
            )
        if not entry.is_folder and entry.file is not None:  # None: a link that leads nowhere
            lines.append(f"{sha256_of(entry.file)}  {clean(entry.name)}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def checked_digest(path: Path, expected: str | None, *, follow_links: bool = False) -> str:
    """The digest of an archive, after comparing it with `data.archive_sha256` where that is given.

    Raises:
      DataError: they differ, or there is no archive.
    """
    digest = archive_digest(path, follow_links=follow_links)
    if expected not in (None, digest):
        raise DataError(
            f"{path}: expected data.archive_sha256 {expected}, found {digest}; "
            "fetch the archive again, or correct data.archive_sha256"
        )
    return digest


def _open(path: Path, usage: Usage, *, follow_links: bool) -> Iterator[Entry]:
    _check_there(path)
    if path.is_dir():
        yield from folder_entries(path, follow_links=follow_links)
        return
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if not head:
            raise DataError(f"{path}: expected a zip, a tar or a folder, found an empty file")
        if head.startswith(_ZIP_START):
            yield from zip_entries(file, str(path), usage)
            return
    kind = true_name(head)
    if kind is not None and kind.name != "tar archive" and not head.startswith(_TAR_STARTS):
        raise DataError(f"{path}: expected a zip, a tar or a folder, found: {kind.name}; {kind.advice}")
    yield from tar_entries(path, usage)


def _check_there(path: Path) -> None:
    if not path.exists():
        if what_to_do := how_to_fetch(path):
            raise DataError(what_to_do)
        raise DataError(f"{path} is missing; expected a zip, a tar or a folder there")
