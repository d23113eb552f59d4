"""Edits in a revision that have not run yet: its metrics are older than they are."""

from collections.abc import Iterator
from typing import Any

from pawtrace.base.yaml_files import parse_yaml
from pawtrace.config.paths import PARAMS
from pawtrace.dataset.splitting.review import REVIEW
from pawtrace.lineage.trace.differences import NONE, differences, flat
from pawtrace.lineage.trace.dvc_cache import FOLDER
from pawtrace.lineage.trace.dvc_lock import StageRecord
from pawtrace.lineage.trace.snapshot import Snapshot, train_stage


def pending_of(snapshot: Snapshot) -> list[str]:
    """Edits since the last run of params, recipes, code and decisions; each with the first stage affected."""
    edits: dict[str, str] = {}
    params = _params(snapshot)
    # dvc.lock has the stages by name; `report`, which watches nearly all, is the last that an edit runs.
    for stage, record in sorted(stages_of_today(snapshot).items(), key=lambda item: item[0] == "report"):
        if params is not None and not stage.startswith("train@"):  # whose params `resolve` has
            for line in _other_params(record, params):
                edits.setdefault(line, stage)
        reviewed = {path: md5 for path, md5 in record.data.items() if path == str(REVIEW)}
        for path, md5 in {**record.code, **reviewed}.items():
            if snapshot.md5(path, is_folder=md5.endswith(FOLDER)) != md5:
                edits.setdefault(path, stage)
    lines = [f"{edit} (stage {stage})" for edit, stage in edits.items()]
    if params is None:
        lines.insert(0, f"{PARAMS} cannot be read; run: pawtrace check")
    return [*lines, *_untrained(snapshot)]


def _other_params(record: StageRecord, params: dict[str, Any]) -> Iterator[str]:
    recorded = record.params
    current = {
        key: value for key, value in params.items() if key in recorded or key.split(".")[0] in record.sections
    }
    for key, before, after in differences(recorded, current):
        if {} in (recorded.get(key), current.get(key)):  # a section that got its first key, or lost its last
            continue
        sides = ("inherited" if side == NONE and ".overrides." in key else side for side in (before, after))
        yield f"{key}: {' -> '.join(sides)}"


def recipes_of(snapshot: Snapshot) -> list[str] | None:
    """The recipes that params.yaml names; None where it cannot be read."""
    params = _params(snapshot)
    if params is None:
        return None
    return list(dict.fromkeys(key.split(".")[1] for key in params if key.startswith("recipes.")))


def stages_of_today(snapshot: Snapshot) -> dict[str, StageRecord]:
    """The stages of dvc.lock without those of recipes that params.yaml no longer has: DVC keeps them."""
    recipes, stages = recipes_of(snapshot), snapshot.stages or {}
    if recipes is None:
        return stages
    return {
        name: record for name, record in stages.items() if "@" not in name or name.split("@")[1] in recipes
    }


def _untrained(snapshot: Snapshot) -> list[str]:
    has_lock = snapshot.stages is not None
    return [
        f"recipe {recipe} was never trained"
        for recipe in recipes_of(snapshot) or ()
        if has_lock and snapshot.stage(train_stage(recipe)) is None
    ]


def _params(snapshot: Snapshot) -> dict[str, Any] | None:
    content = snapshot.revision.read(str(PARAMS))
    try:
        loaded = parse_yaml(content or b"")
    except ValueError:
        return None
    return flat(loaded) if isinstance(loaded, dict) else None
