"""What differs between the inputs of a recipe's metrics at two revisions, stage by stage.

Arrives: two snapshots. Leaves: `Change`s in the order in which the stages run.
"""

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

from pawtrace.lineage.dvc_lock import StageRecord, flat
from pawtrace.lineage.fingerprints import meaning
from pawtrace.lineage.provenance import ReportedProvenance
from pawtrace.lineage.revisions import Revision, commits_between
from pawtrace.lineage.snapshot import Snapshot

NONE = "(none)"
DATA_STAGES = ("download", "split", "preprocess")
Kind = Literal["param", "data", "code", "environment"]
_KINDS = get_args(Kind)


class Change(NamedTuple):
    """One thing that differs."""

    stage: str
    kind: Kind
    what: str  # a param, a path, a library
    old: str
    new: str
    commits: tuple[str, ...] = ()  # that touched the code
    matters: bool = True  # False: it reached no record, or only comments or layout of code differ


def changes_of(recipe: str, older: Snapshot, newer: Snapshot) -> list[Change]:
    """Everything that differs between what a recipe's metrics were made from at two revisions."""
    found: list[Change] = []
    for stage in chain_of(recipe):
        records = older.stage(stage), newer.stage(stage)
        if records[0] is not None and records[1] is not None:
            of_stage = _stage_changes(stage, records[0], records[1], (older.revision, newer.revision))
            reached = stage not in DATA_STAGES or _passed_on(stage, older, newer)
            found += [change._replace(matters=change.matters and reached) for change in of_stage]
        if stage == train_stage(recipe):
            found += _trained_changes(recipe, older, newer)
    found += _by_fingerprints(recipe, older, newer)
    chain = chain_of(recipe)
    return sorted(found, key=lambda change: (chain.index(change.stage), _KINDS.index(change.kind)))


def _by_fingerprints(recipe: str, older: Snapshot, newer: Snapshot) -> Iterator[Change]:
    """What provenance knows of the stages that dvc.lock says nothing of."""
    old, new = older.provenance.get(recipe), newer.provenance.get(recipe)
    if old is None or new is None:
        return
    unknown = {
        stage for stage in chain_of(recipe) if older.stage(stage) is None or newer.stage(stage) is None
    }
    for change in (*_source_changes(old, new), *_module_changes(old, new)):
        if change.stage in unknown:
            yield change


def _passed_on(stage: str, older: Snapshot, newer: Snapshot) -> bool:
    """Whether a stage's output differs, and with it the records, which are all that training sees."""
    pairs = [(older.stage(name), newer.stage(name)) for name in (stage, "preprocess")]
    return all(old is None or new is None or old.outputs != new.outputs for old, new in pairs)


def chain_of(recipe: str) -> tuple[str, ...]:
    """The stages behind a recipe's metrics, in order; `resolve` is seen in what it writes, the params."""
    return *DATA_STAGES, train_stage(recipe), "report"


def train_stage(recipe: str) -> str:
    """The name of the stage that trains a recipe."""
    return f"train@{recipe}"


def resolved_params(recipe: str, snapshot: Snapshot) -> dict[str, Any] | None:
    """A recipe's params by dvc.lock, overrides laid over the baseline, flat; None where it has none."""
    resolve = snapshot.stage("resolve")
    if resolve is None:
        return None
    params = resolve.params
    if not any(key.startswith(f"recipes.{recipe}.") for key in params):
        return None
    lineage = [recipe]
    while (below := params.get(f"recipes.{lineage[0]}.builds_on")) and below not in lineage:
        lineage.insert(0, below)
    sections = ("train", "probe", "evaluate")
    resolved = {key: value for key, value in params.items() if key.split(".")[0] in sections}
    for name in lineage:
        prefix = f"recipes.{name}.overrides."
        resolved |= {
            key.removeprefix(prefix): value for key, value in params.items() if key.startswith(prefix)
        }
    return {key: value for key, value in resolved.items() if key.split(".")[0] in sections}


def _stage_changes(
    stage: str, old: StageRecord, new: StageRecord, revisions: tuple[Revision, Revision]
) -> Iterator[Change]:
    if stage != "report":  # its params are thresholds of verdicts, and what the stages before it have too
        for key, before, after in _differences(old.params, new.params):
            yield Change(stage, "param", key, before, after)
    for path in ("data/archives", "data/weights"):  # what the user brings; all else is some stage's output
        before, after = old.data.get(path, NONE), new.data.get(path, NONE)
        if before != after:
            yield Change(stage, "data", path, before[:7], after[:7])
    if old.command != new.command:
        yield Change(stage, "code", "command", old.command, new.command)
    paths = [path for path in {**old.code, **new.code} if old.code.get(path) != new.code.get(path)]
    if paths:
        for change in _code_changes(tuple(paths), *revisions):
            yield change._replace(stage=stage)


@functools.cache  # the training stages of all recipes share their code
def _code_changes(paths: tuple[str, ...], older: Revision, newer: Revision) -> list[Change]:
    changes = []
    before, after = older.blobs(*paths), newer.blobs(*paths)
    modules = [path for path in sorted({*before, *after}) if path.endswith(".py")]
    different = [path for path in modules if before.get(path) != after.get(path)]
    if not different:  # it ran with code that neither revision holds
        return [Change("", "code", path, "not in the commit", "not in the commit") for path in paths]
    for path in different:
        old, new = before.get(path, NONE), after.get(path, NONE)
        commits = tuple(commits_between(older, newer, path))
        matters = _meaning(older.read(path)) != _meaning(newer.read(path))
        changes.append(Change("", "code", path, old[:7], new[:7], commits, matters))
    return changes


def _meaning(source: bytes | None) -> str | None:
    try:
        return None if source is None else meaning(source)
    except SyntaxError:
        return repr(source)


def _trained_changes(recipe: str, older: Snapshot, newer: Snapshot) -> Iterator[Change]:
    stage = train_stage(recipe)
    old, new = older.provenance.get(recipe), newer.provenance.get(recipe)
    if old is None or new is None:
        before_all, after_all = resolved_params(recipe, older), resolved_params(recipe, newer)
        if before_all is not None and after_all is not None:
            for key, before, after in _differences(before_all, after_all):
                yield Change(stage, "param", key, before, after)
        return
    for key, before, after in _differences(flat(old.params), flat(new.params)):
        yield Change(stage, "param", key, before, after)
    for name, before, after in _differences(old.libraries, new.libraries):
        yield Change(stage, "environment", name, before, after)
    for name, before, after in _differences(old.machine.model_dump(), new.machine.model_dump()):
        yield Change(stage, "environment", name, before, after)


def _source_changes(old: ReportedProvenance, new: ReportedProvenance) -> Iterator[Change]:
    stages = {"raw": "download", "splits": "split", "records": "preprocess"}
    for name, before, after in _differences(old.data.model_dump(), new.data.model_dump()):
        yield Change(stages[name], "data", f"data/{name}", before[:7], after[:7])


def _module_changes(old: ReportedProvenance, new: ReportedProvenance) -> Iterator[Change]:
    for path, before, after in _differences(old.code.modules, new.code.modules):
        yield Change(train_stage(new.recipe), "code", path, before[:7], after[:7])


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in {**old, **new}:
        before, after = old.get(key, NONE), new.get(key, NONE)
        if before != after:
            yield key, _shown(before), _shown(after)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
