"""What differs between the inputs of a recipe's metrics at two revisions, stage by stage.

Arrives: two snapshots. Leaves: `Change`s in the order in which the stages run.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

from pawtrace.config.sections import MeasureParams
from pawtrace.lineage.record.provenance import ReportedProvenance
from pawtrace.lineage.trace.code_changes import ran_differently
from pawtrace.lineage.trace.differences import NONE, differences
from pawtrace.lineage.trace.dvc_lock import StageRecord
from pawtrace.lineage.trace.environment_changes import environment_differences
from pawtrace.lineage.trace.snapshot import Snapshot, measure_stage, train_stage

DATA_STAGES = ("download", "split", "preprocess")
# What the user brings; all other data is some stage's output. Folders as a whole until `resolve` linked
# what params name.
_BROUGHT = ("data/archives", "data/weights", "data/in_use/archive", "data/review.csv")
_SECTIONS = ("train", "probe", "evaluate")
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
    changes: list[Change] = []
    for stage in chain_of(recipe):
        old, new = older.stage(stage), newer.stage(stage)
        if old is not None and new is not None:
            stage_changes = [*_stage_changes(stage, old, new), *_code_changes(recipe, stage, older, newer)]
            if stage in DATA_STAGES:
                stage_changes = _as_far_as_passed_on(stage, stage_changes, older, newer)
            changes += stage_changes
    changes += _trained_changes(recipe, older, newer)
    changes += _by_fingerprints(recipe, older, newer)
    chain = chain_of(recipe)
    return sorted(changes, key=lambda change: (chain.index(change.stage), _KINDS.index(change.kind)))


def on_record(recipe: str, older: Snapshot, newer: Snapshot) -> bool:
    """Whether dvc.lock or the provenance records the inputs on both sides, so that they can be compared."""
    if recipe in older.provenance and recipe in newer.provenance:
        return True
    return all(snapshot.stage(stage) is not None for snapshot in (older, newer) for stage in chain_of(recipe))


def chain_of(recipe: str) -> tuple[str, ...]:
    """The stages behind a recipe's metrics, in order; `resolve` is seen in what it writes, the params."""
    return *DATA_STAGES, train_stage(recipe), measure_stage(recipe)


def resolved_params(recipe: str, snapshot: Snapshot) -> dict[str, Any] | None:
    """A recipe's params by dvc.lock, overrides laid over the baseline, flat; None where it has none."""
    record = snapshot.stage("resolve") or snapshot.stage(train_stage(recipe))
    params = {} if record is None else record.params
    if not any(key.startswith("train.") for key in params):
        return None
    lineage = [recipe]
    while (below := params.get(f"recipes.{lineage[0]}.builds_on")) and below not in lineage:
        lineage.insert(0, below)
    resolved = {key: value for key, value in params.items() if key.split(".")[0] in _SECTIONS}
    for name in lineage:
        prefix = f"recipes.{name}.overrides."
        recipe_params = {key: value for key, value in params.items() if key.startswith(prefix)}
        overrides = {key.removeprefix(prefix): value for key, value in recipe_params.items()}
        for key, value in overrides.items():
            if value == {}:  # a section without overrides
                continue
            resolved = {param: old for param, old in resolved.items() if not param.startswith(f"{key}.")}
            resolved[key] = value
    return resolved


def _stage_changes(stage: str, old: StageRecord, new: StageRecord) -> Iterator[Change]:
    if stage in DATA_STAGES:  # what a recipe trains with is told after overrides; the report has no own
        for key, before, after in differences(old.params, new.params):
            yield Change(stage, "param", key, before, after)
    for path in _BROUGHT:
        before, after = old.data.get(path, NONE), new.data.get(path, NONE)
        if before != after:
            yield Change(stage, "data", path, before[:7], after[:7])
    if old.command != new.command:
        yield Change(stage, "code", "command", old.command, new.command)


def _code_changes(recipe: str, stage: str, older: Snapshot, newer: Snapshot) -> Iterator[Change]:
    old, new = older.stage(stage), newer.stage(stage)
    code = {} if old is None else old.code, {} if new is None else new.code
    paths = tuple(path for path in {**code[0], **code[1]} if code[0].get(path) != code[1].get(path))
    if not paths:
        return
    modules: tuple[dict[str, str], dict[str, str]] = ({}, {})
    ran = older.provenance.get(recipe), newer.provenance.get(recipe)
    if stage == train_stage(recipe) and ran[0] is not None and ran[1] is not None:
        modules = ran[0].code.modules, ran[1].code.modules
    for file in ran_differently(code, paths, older, newer, modules):
        yield Change(stage, "code", file.path, file.old, file.new, file.commits, file.matters)


def _as_far_as_passed_on(stage: str, changes: list[Change], older: Snapshot, newer: Snapshot) -> list[Change]:
    """A data stage's change matters where its output differs, and the records that training sees do."""
    if not (_outputs_differ(stage, older, newer) and _outputs_differ("preprocess", older, newer)):
        return [change._replace(matters=False) for change in changes]
    old, new = older.stage(stage), newer.stage(stage)
    assert old is not None
    assert new is not None
    if old.data == new.data and not any(change.matters for change in changes):
        # By itself: edited, downloaded anew, or made by another version of a library.
        for key, before, after in differences(old.outputs, new.outputs):
            if key.startswith("data/"):
                changes.append(Change(stage, "data", key, before[:7], after[:7]))
    return changes


def _outputs_differ(stage: str, older: Snapshot, newer: Snapshot) -> bool:
    old, new = older.stage(stage), newer.stage(stage)
    return old is None or new is None or old.outputs != new.outputs


def _trained_changes(recipe: str, older: Snapshot, newer: Snapshot) -> Iterator[Change]:
    stage = train_stage(recipe)
    old, new = older.provenance.get(recipe), newer.provenance.get(recipe)
    if old is None or new is None:
        params = [resolved_params(recipe, snapshot) for snapshot in (older, newer)]
        if params[0] is not None and params[1] is not None:
            for key, before, after in differences(params[0], params[1]):
                yield Change(_reader_of(key, recipe), "param", key, before, after)
        return
    for key, before, after in differences(old.params, new.params):
        yield Change(_reader_of(key, recipe), "param", key, before, after)
    for path, before, after in differences(old.data.weights, new.data.weights):
        yield Change(stage, "data", path, before[:7], after[:7])
    for name, before, after in environment_differences(old, new):
        yield Change(stage, "environment", name, before, after)
    if old.measured_with and new.measured_with:
        for name, before, after in differences(old.measured_with, new.measured_with):
            yield Change(measure_stage(recipe), "environment", name, before, after)


def _reader_of(param: str, recipe: str) -> str:
    """The stage that a param of a recipe reaches."""
    is_measuring = param.removeprefix("evaluate.") in MeasureParams.model_fields
    return measure_stage(recipe) if is_measuring else train_stage(recipe)


def _by_fingerprints(recipe: str, older: Snapshot, newer: Snapshot) -> Iterator[Change]:
    """What provenance knows of the stages that dvc.lock says nothing of."""
    old, new = older.provenance.get(recipe), newer.provenance.get(recipe)
    if old is None or new is None:
        return
    unknown = {stage for stage in chain_of(recipe) if None in (older.stage(stage), newer.stage(stage))}
    for change in (*_source_changes(old, new), *_module_changes(old, new)):
        if change.stage in unknown:
            yield change


def _source_changes(old: ReportedProvenance, new: ReportedProvenance) -> Iterator[Change]:
    stages = {"raw": "download", "splits": "split", "records": "preprocess"}
    sources = [provenance.data.model_dump(include=set(stages)) for provenance in (old, new)]
    for name, before, after in differences(sources[0], sources[1]):
        yield Change(stages[name], "data", f"data/{name}", before[:7], after[:7])


def _module_changes(old: ReportedProvenance, new: ReportedProvenance) -> Iterator[Change]:
    for path, before, after in differences(old.code.modules, new.code.modules):
        yield Change(train_stage(new.recipe), "code", path, before[:7], after[:7])
