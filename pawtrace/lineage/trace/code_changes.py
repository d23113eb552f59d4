"""Which files of code ran differently at two revisions, and who changed them.

dvc.lock has the digests of what ran, folders as a whole; git has what was committed. A run with
uncommitted code is neither revision's: provenance knows the modules that it ran with.
"""

import functools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pawtrace.lineage.record.code import meaning
from pawtrace.lineage.trace.dvc_cache import FOLDER
from pawtrace.lineage.trace.revisions import Revision, commits_between
from pawtrace.lineage.trace.snapshot import Snapshot

NONE = "(none)"
UNCOMMITTED = "not as committed there"


class FileChange(NamedTuple):
    """A file of code that differs."""

    path: str
    old: str  # of git's name of its content, the first digits
    new: str
    commits: tuple[str, ...]
    matters: bool  # False: only comments or layout


def ran_differently(
    code: tuple[Mapping[str, str], Mapping[str, str]],
    paths: tuple[str, ...],
    older: Snapshot,
    newer: Snapshot,
    modules: tuple[Mapping[str, str], Mapping[str, str]],
) -> Iterator[FileChange]:
    """The files below paths whose digests differ.

    Args:
      code: path -> md5 by dvc.lock, of what ran at either revision.
      paths: those of the files and folders that differ.
      older: where the change begins.
      newer: where it ends.
      modules: path -> fingerprint of what ran at either; empty where provenance has none.
    """
    reported: set[str] = set()
    for file in _committed_changes(paths, older.revision, newer.revision):
        reported.add(file.path)
        if modules[0] and file.path.endswith(".py"):  # what was not reached did not run
            file = file._replace(matters=modules[0].get(file.path) != modules[1].get(file.path))
        yield file
    for path in sorted({*modules[0], *modules[1]} - reported):
        if modules[0].get(path) != modules[1].get(path):
            reported.add(path)
            fingerprints = [by_path.get(path, NONE)[:7] for by_path in modules]
            yield FileChange(path, fingerprints[0], fingerprints[1], (UNCOMMITTED,), True)
    for path in paths:
        sides = zip((older, newer), code, strict=True)
        ran_as_committed = all(_as_committed(path, md5s, snapshot) for snapshot, md5s in sides)
        if not (ran_as_committed or modules[0]) and not any(_is_below(file, path) for file in reported):
            digests = [md5s.get(path, NONE)[:7] for md5s in code]
            yield FileChange(path, digests[0], digests[1], (UNCOMMITTED,), True)


def _as_committed(path: str, code: Mapping[str, str], snapshot: Snapshot) -> bool:
    md5 = code.get(path)
    return md5 is None or snapshot.md5(path, is_folder=md5.endswith(FOLDER)) == md5


def _is_below(file: str, path: str) -> bool:
    return file == path or file.startswith(f"{path}/")


@functools.cache  # the training stages of all recipes share their code
def _committed_changes(paths: tuple[str, ...], older: Revision, newer: Revision) -> list[FileChange]:
    old_blobs, new_blobs = older.blobs(*paths), newer.blobs(*paths)
    return [
        FileChange(
            path,
            old_blobs.get(path, NONE)[:7],
            new_blobs.get(path, NONE)[:7],
            tuple(commits_between(older, newer, path)),
            _meaning(path, older) != _meaning(path, newer),
        )
        for path in sorted({*old_blobs, *new_blobs})
        if old_blobs.get(path) != new_blobs.get(path)
    ]


def _meaning(path: str, revision: Revision) -> str | bytes | None:
    source = revision.read(path)
    if source is None or not path.endswith(".py"):
        return source
    try:
        return meaning(source)
    except (SyntaxError, ValueError):
        return source
