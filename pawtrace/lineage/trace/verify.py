"""Whether everything that DVC keeps still is what it was: workspace, cache, shards, metrics, hashed anew.

DVC trusts a cached file that is read-only, and any file whose size and time did not change, without
reading it: a flipped bit escapes it. Arrives: dvc.lock, manifests, provenance. Leaves: `Damage`s.
"""

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from pawtrace.base.errors import DataError
from pawtrace.base.files import sha256_of
from pawtrace.config.paths import RECORDS
from pawtrace.lineage.trace.dvc_cache import FOLDER, cache_folder, cached_folder, folder_md5, object_path
from pawtrace.lineage.trace.revisions import WORKSPACE, files_below, open_revision
from pawtrace.lineage.trace.snapshot import Snapshot
from pawtrace.running.git import ask_git

_UNREADABLE = "cannot be read"  # in place of a digest
_MANIFEST = RECORDS / "manifest.json"


class Damage(NamedTuple):
    """A file that is not what it was."""

    path: str
    found: str  # what is wrong with it
    repair: str  # the command that mends it


class Output(NamedTuple):
    """An output of a stage, by dvc.lock."""

    path: str
    md5: str
    stage: str

    @property
    def kept_by_git(self) -> bool:
        """Whether git keeps it, and DVC's cache does not: DVC has git ignore what the cache keeps."""
        return ask_git("check-ignore", "--quiet", self.path) is None


def verify(announce: Callable[[str], None]) -> list[Damage]:
    """Hash all of it.

    Args:
      announce: is told what was looked at.
    Returns:
      What is damaged or missing; nothing where all is well.
    Raises:
      DataError: dvc.lock cannot be read.
    """
    snapshot = Snapshot(open_revision(WORKSPACE))
    if snapshot.stages is None:
        raise DataError(snapshot.problems[0])
    outputs = [
        Output(path, md5, stage)
        for stage, record in snapshot.stages.items()
        for path, md5 in record.outputs.items()
    ]
    cache = _hash_all(_cache_objects(), "hashing DVC's cache")
    workspace = _hash_all([file for of in outputs for file in files_below(Path(of.path))], "hashing files")
    announce(f"hashed {len(workspace)} files of the workspace and {len(cache)} of DVC's cache")
    good = {path for path, md5 in cache.items() if _name_of_object(path) == md5}
    damages = [damage for of in outputs for damage in _of_output(of, workspace, good)]
    named = {word for damage in damages for word in shlex.split(damage.repair)}
    for path in sorted(cache.keys() - good):
        if str(path) not in named:  # of another commit
            damages.append(_damage(path, "damaged: not the content that its name says", f"rm -f {_q(path)}"))
    known = {damage.path for damage in damages}
    further = (*_shard_damages(), *_edited_metrics(snapshot))
    return damages + [damage for damage in further if damage.path not in known]


def _of_output(of: Output, workspace: dict[Path, str], good: Collection[Path]) -> Iterator[Damage]:
    there = {path: md5 for path, md5 in workspace.items() if path.is_relative_to(of.path)}
    if not of.md5.endswith(FOLDER):
        yield from _of_files(of, {Path(of.path): of.md5}, there, good)
    elif object_path(of.md5) in good:
        files = {Path(of.path) / name: md5 for name, md5 in cached_folder(of.md5).items()}
        yield from _of_files(of, files, there, good)
    else:
        yield from _without_list(of, there)


def _of_files(
    of: Output, expected: dict[Path, str], there: dict[Path, str], good: Collection[Path]
) -> Iterator[Damage]:
    missing = [path for path in expected if path not in there]
    if missing:
        yield _missing(of, missing, all(object_path(md5) in good for md5 in expected.values()))
    for path, found in there.items():
        if path not in expected:
            yield _damage(path, f"not a part of {of.path} by dvc.lock", f"rm -f {_q(path)}")
            continue
        copy = object_path(expected[path])
        differs = f"expected md5 {expected[path][:12]}..., found {found[:12]}..."
        if found == _UNREADABLE:
            differs = f"{found}; look at its owner and its rights"
        if found == expected[path] and not (copy in good or of.kept_by_git):
            said = "damaged" if copy.exists() else "missing"
            repair = f"rm -f {_q(copy)} && dvc commit {of.stage}"
            yield _damage(copy, f"{said}: DVC's copy of {path}", repair)
        elif found != expected[path] and copy in good:
            yield _damage(path, differs, f"rm -f {_q(path)} && dvc checkout {_q(of.path)}")
        elif found != expected[path]:
            repair = f"rm -f {_q(path)} {_q(copy)} && dvc repro {of.stage}"
            yield _damage(path, f"{differs}; DVC's cache has no good copy", repair)


def _missing(of: Output, missing: list[Path], all_cached: bool) -> Damage:
    names = ", ".join(path.name for path in missing[:3])
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    if all_cached:
        return _damage(of.path, f"missing: {names}{more}", f"dvc checkout {_q(of.path)}")
    found = f"missing: {names}{more}; DVC's cache has no good copy of all of it"
    return _damage(of.path, found, f"dvc pull {_q(of.path)}, or: dvc repro {of.stage}")


def _without_list(of: Output, there: dict[Path, str]) -> Iterator[Damage]:
    """A folder whose list of files the cache does not have, so that it can only be judged as a whole."""
    intact = folder_md5({path.relative_to(of.path).as_posix(): md5 for path, md5 in there.items()}) == of.md5
    listing = object_path(of.md5)
    if of.kept_by_git:
        if not intact:
            yield _damage(of.path, "not what the stage wrote, by dvc.lock", f"dvc repro {of.stage}")
    elif intact:
        said = f"{'damaged' if listing.exists() else 'missing'}: DVC's list of {of.path}"
        yield _damage(listing, said, f"rm -f {_q(listing)} && dvc commit {of.stage}")
    elif not there:
        found = "missing, and DVC's cache has no good list of its files"
        yield _damage(of.path, found, f"dvc pull {_q(of.path)}, or: dvc repro {of.stage}")
    else:
        found = "not what dvc.lock says, and DVC's cache has no good list of its files"
        yield _damage(of.path, found, f"rm -rf {_q(of.path)} {_q(listing)} && dvc repro {of.stage}")


def _shard_damages() -> Iterator[Damage]:
    """Shards against their manifest, as readers check them."""
    if not _MANIFEST.is_file():
        return
    again = f"dvc checkout {RECORDS}"
    try:
        shards = json.loads(_MANIFEST.read_bytes())["shards"]
        digests = {RECORDS / shard["name"]: shard["sha256"] for shard in shards}
    except (ValueError, KeyError, TypeError):
        yield _damage(_MANIFEST, "not a manifest of shards", f"rm -f {_MANIFEST} && {again}")
        return
    for path, sha256 in digests.items():
        if not path.is_file():
            yield _damage(path, "missing, though the manifest lists it", again)
        elif sha256_of(path) != sha256:
            yield _damage(path, "not the shard that the manifest lists", f"rm -f {_q(path)} && {again}")


def _edited_metrics(snapshot: Snapshot) -> Iterator[Damage]:
    for recipe in snapshot.metrics:
        if recipe in snapshot.provenance and recipe in snapshot.edited:
            found = "not the metrics that reports/provenance was written for"
            yield _damage(f"reports/metrics/{recipe}.json", found, f"dvc repro --force measure@{recipe}")


def _damage(path: Path | str, found: str, repair: str) -> Damage:
    return Damage(str(path), found, repair)


def _q(path: Path | str) -> str:
    return shlex.quote(str(path))


def _cache_objects() -> list[Path]:
    folder = cache_folder() / "files" / "md5"
    return sorted(path for path in folder.glob("[0-9a-f][0-9a-f]/*") if path.is_file())


def _name_of_object(path: Path) -> str:
    return (path.parent.name + path.name).removesuffix(FOLDER)


def _hash_all(paths: list[Path], title: str) -> dict[Path, str]:
    """The md5 of files, on all cores: hashing releases Python's global lock."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashed = tqdm(pool.map(_md5_of, paths), total=len(paths), desc=title, unit=" files", disable=None)
        return dict(zip(paths, hashed, strict=True))


def _md5_of(path: Path) -> str:
    try:
        file = path.open("rb")
    except OSError:
        return _UNREADABLE
    with file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
