"""dvc.lock: what DVC recorded of the last run of every stage."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.base.yaml_files import parse_yaml
from pawtrace.lineage.record.code import FIRST_PARTY
from pawtrace.lineage.trace.flat import flat
from pawtrace.lineage.trace.revisions import Revision

LOCK = "dvc.lock"
_CONFLICT = ("<<<<<<< ", "=======", ">>>>>>> ")


class StageRecord(NamedTuple):
    """One stage's last run: its command, params, and digests of what it read and wrote."""

    command: str
    params: dict[str, Any]  # flat: `split.seed`
    sections: tuple[str, ...]  # of params, watched as a whole
    code: dict[str, str]  # path -> md5
    data: dict[str, str]
    outputs: dict[str, str]


def read_lock(revision: Revision) -> dict[str, StageRecord]:
    """The stages that dvc.lock records at a revision, in its order.

    Raises:
      DataError: the file is missing, has conflict markers, is cut short or is no lock.
    """
    content = revision.read(LOCK)
    where = f"{LOCK} of {revision}"
    if content is None:
        raise DataError(f"{where}: expected it beside dvc.yaml, found none; run: dvc repro")
    text = content.decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(_CONFLICT):
            raise DataError(
                f"{where}: expected YAML, found a merge conflict in line {number}; "
                f"run: git checkout --ours {LOCK}, then: dvc repro"
            )
    try:
        stages = parse_yaml(content)["stages"]
        records = {name: _record(stage) for name, stage in stages.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        error_text = " ".join(str(error).split())[:120]
        raise DataError(
            f"{where}: expected what DVC writes, found it cut short or changed ({error_text}); "
            f"run: git checkout {LOCK}, or dvc repro"
        ) from None
    return records


def _record(stage: Mapping[str, Any]) -> StageRecord:
    read = {entry["path"]: str(entry["md5"]) for entry in stage.get("deps", [])}
    is_code = {path: path.split("/")[0] in FIRST_PARTY for path in read}
    params = {
        key: value for file_params in stage.get("params", {}).values() for key, value in file_params.items()
    }
    return StageRecord(
        command=stage["cmd"],
        params=flat(params),
        sections=tuple(key for key in params if "." not in key),
        code={path: md5 for path, md5 in read.items() if is_code[path]},
        data={path: md5 for path, md5 in read.items() if not is_code[path]},
        outputs={entry["path"]: str(entry["md5"]) for entry in stage["outs"]},
    )
