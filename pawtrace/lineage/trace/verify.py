"""Check all files that DVC tracks for damage: hash workspace, cache, shards and metrics again.

DVC does not read a cached file that is read-only, nor any file whose size and time did not change: it
misses a flipped bit. Arrives: dvc.lock, manifests, provenance. Leaves: `Damage`s.
"""

import json
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from pawtrace.base.errors import DataError
from pawtrace.base.files import md5_of, sha256_of
from pawtrace.config.paths import IN_USE, LOCK, METRICS, MODELS, RAW, RECORDS, SPLITS
from pawtrace.lineage.trace.dvc_cache import (
    FOLDER,
    cache_folder,
    cached_folder,
    folder_md5,
    has_remote,
    is_lost_copy,
    object_path,
)
from pawtrace.lineage.trace.pending import recipes_of, stages_of_today
from pawtrace.lineage.trace.revisions import WORKSPACE, files_below, open_revision
from pawtrace.lineage.trace.snapshot import Snapshot, measure_stage, train_stage
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
    """Hash all files and compare the digests with the recorded ones.

    Args:
      announce: gets a line about what was checked.
    Returns:
      What is damaged or missing; empty if all files are intact.
    Raises:
      DataError: dvc.lock cannot be read.
    """
    snapshot = Snapshot(open_revision(WORKSPACE))
    if snapshot.stages is None:
        raise DataError(snapshot.problems[0])
    stages = stages_of_today(snapshot)
    if len(stages) < len(snapshot.stages):
        left_out = ", ".join(sorted(snapshot.stages.keys() - stages.keys()))
        announce(f"not checked, because params.yaml no longer has these recipes: {left_out}")
    outputs = [
        Output(path, md5, stage)
        for stage, record in stages.items()
        for path, md5 in record.outputs.items()
        if Path(path) != IN_USE  # links to what the user brought: neither git nor DVC's cache keeps it
    ]
    cached = list(_cache_objects())
    if not cached and not any(Path(output.path).exists() for output in outputs if not output.kept_by_git):
        found = "none of its outputs is in this folder or in DVC's cache, as after git clone"
        return [_damage(LOCK, found, "dvc pull || dvc repro" if has_remote() else "dvc repro")]
    cache = _hash_all(cached, "hashing DVC's cache")
    files = [file for output in outputs for file in files_below(Path(output.path))]
    workspace = _hash_all(files, "hashing files")
    announce(f"hashed {len(workspace)} files of the workspace and {len(cache)} of DVC's cache")
    good = {path for path, md5 in cache.items() if _name_of_object(path) == md5}
    damages = [damage for output in outputs for damage in _of_output(output, workspace, good)]
    named = {word for damage in damages for word in shlex.split(damage.repair)}
    for path in sorted(cache.keys() - good):
        if str(path) not in named:  # of another commit
            problem = "damaged: its content does not match the digest in its name"
            damages.append(_damage(path, problem, f"rm -f {_q(path)}"))
    damaged_paths = {damage.path for damage in damages}
    further = (*_unrecorded(snapshot), *_shard_damages(), *_edited_metrics(snapshot))
    damages += [damage for damage in further if damage.path not in damaged_paths]
    if len(damages) > 1 and all(is_lost_copy(damage.path) for damage in damages):  # nothing damaged
        missing = f"lacks {len(damages)} copies of outputs that are intact in this folder"
        return [_damage(cache_folder(), missing, "dvc commit")]
    return damages


def _unrecorded(snapshot: Snapshot) -> Iterator[Damage]:
    """Outputs without an entry in dvc.lock: the run was perhaps killed at the end of a stage."""
    written = {"download": RAW, "split": SPLITS, "preprocess": RECORDS}
    written |= {train_stage(recipe): MODELS / recipe for recipe in recipes_of(snapshot) or ()}
    written |= {measure_stage(recipe): METRICS / f"{recipe}.json" for recipe in recipes_of(snapshot) or ()}
    recorded = [path for record in (snapshot.stages or {}).values() for path in record.outputs]
    for stage, path in written.items():
        if path.exists() and not any(path.is_relative_to(output) for output in recorded):
            yield _damage(path, f"{LOCK} has no entry for what stage {stage} wrote", f"dvc repro {stage}")


def _of_output(output: Output, workspace: dict[Path, str], good: Collection[Path]) -> Iterator[Damage]:
    md5s = {path: md5 for path, md5 in workspace.items() if path.is_relative_to(output.path)}
    if not output.md5.endswith(FOLDER):
        yield from _of_files(output, {Path(output.path): output.md5}, md5s, good)
    elif object_path(output.md5) in good:
        files = {Path(output.path) / name: md5 for name, md5 in cached_folder(output.md5).items()}
        yield from _of_files(output, files, md5s, good)
    else:
        yield from _without_list(output, md5s)


def _of_files(
    output: Output, expected: dict[Path, str], md5s: dict[Path, str], good: Collection[Path]
) -> Iterator[Damage]:
    missing = [path for path in expected if path not in md5s]
    if missing:
        yield _missing(
            output, missing, [copy for md5 in expected.values() if (copy := object_path(md5)) not in good]
        )
    for path, md5 in md5s.items():
        if path not in expected:
            yield _damage(path, f"not a file of {output.path} according to dvc.lock", f"rm -f {_q(path)}")
            continue
        copy = object_path(expected[path])
        differs = f"expected md5 {expected[path][:12]}..., found {md5[:12]}..."
        if md5 == _UNREADABLE:
            differs = f"{md5}; check its owner and its permissions"
        if md5 == expected[path] and not (copy in good or output.kept_by_git):
            state = "damaged" if copy.exists() else "missing"
            repair = f"rm -f {_q(copy)} && dvc commit {output.stage}"
            yield _damage(copy, f"{state}: DVC's copy of {path}", repair)
        elif md5 != expected[path] and copy in good:
            yield _damage(path, differs, f"rm -f {_q(path)} && dvc checkout {_q(output.path)}")
        elif md5 != expected[path]:
            repair = f"rm -f {_q(path)} {_q(copy)} && dvc repro {output.stage}"
            yield _damage(path, f"{differs}; DVC's cache has no intact copy", repair)


def _missing(output: Output, missing: list[Path], without_copy: list[Path]) -> Damage:
    names = ", ".join(path.name for path in missing[:3])
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    if not without_copy:
        return _damage(output.path, f"missing: {names}{more}", f"dvc checkout {_q(output.path)}")
    problem = f"missing: {names}{more}; DVC's cache does not have intact copies of all files"
    return _damage(output.path, problem, _fetch_or_run(output, without_copy))


def _fetch_or_run(output: Output, without_copy: Iterable[Path]) -> str:
    """The command that restores an output without an intact copy in the cache."""
    # DVC takes a damaged copy in its cache for the file itself.
    damaged = [_q(copy) for copy in without_copy if copy.exists()]
    drop = f"rm -f {' '.join(damaged)} && " if damaged else ""
    again = f"dvc repro {output.stage}"
    return drop + (f"dvc pull {_q(output.path)} || {again}" if has_remote() else again)


def _without_list(output: Output, md5s: dict[Path, str]) -> Iterator[Damage]:
    """A folder whose list of files the cache does not have, so that it can only be judged as a whole."""
    md5_by_name = {path.relative_to(output.path).as_posix(): md5 for path, md5 in md5s.items()}
    intact = folder_md5(md5_by_name) == output.md5
    listing = object_path(output.md5)
    if output.kept_by_git:
        if not intact:
            problem = "not what the stage wrote according to dvc.lock"
            yield _damage(output.path, problem, f"dvc repro {output.stage}")
    elif intact:
        problem = f"{'damaged' if listing.exists() else 'missing'}: DVC's list of {output.path}"
        yield _damage(listing, problem, f"rm -f {_q(listing)} && dvc commit {output.stage}")
    elif not md5s:
        problem = "missing, and DVC's cache has no intact list of its files"
        yield _damage(output.path, problem, _fetch_or_run(output, [listing]))
    else:
        problem = "not what dvc.lock says, and DVC's cache has no intact list of its files"
        repair = f"rm -rf {_q(output.path)} {_q(listing)} && dvc repro {output.stage}"
        yield _damage(output.path, problem, repair)


def _shard_damages() -> Iterator[Damage]:
    """Shards against their manifest, as readers check them."""
    if not _MANIFEST.is_file():
        return
    again = f"dvc checkout {RECORDS}"
    try:
        manifest = json.loads(_MANIFEST.read_bytes())
        digests = {RECORDS / shard["name"]: shard["sha256"] for shard in manifest["shards"]}
        digests |= {RECORDS / name: sha256 for name, sha256 in manifest["indices"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        yield _damage(_MANIFEST, "not a manifest of shards", f"rm -f {_MANIFEST} && {again}")
        return
    for path, sha256 in digests.items():
        if not path.is_file():
            yield _damage(path, "missing, though the manifest lists it", again)
        elif sha256_of(path) != sha256:
            yield _damage(path, "not the file that the manifest lists", f"rm -f {_q(path)} && {again}")


def _edited_metrics(snapshot: Snapshot) -> Iterator[Damage]:
    named = recipes_of(snapshot)
    for recipe in snapshot.metrics:
        is_named = named is None or recipe in named  # of a removed one, there is no stage to run
        if is_named and recipe in snapshot.provenance and recipe in snapshot.edited:
            problem = "not the metrics that the run recorded in reports/provenance"
            yield _damage(f"reports/metrics/{recipe}.json", problem, f"dvc repro --force measure@{recipe}")


def _damage(path: Path | str, problem: str, repair: str) -> Damage:
    return Damage(str(path), problem, repair)


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
        return md5_of(path)
    except OSError:
        return _UNREADABLE
