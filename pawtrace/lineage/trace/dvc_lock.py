"""dvc.lock: what DVC recorded of the last run of every stage."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pawtrace.base.errors import DataError
from pawtrace.base.yaml_files import parse_yaml
from pawtrace.config.paths import LOCK
from pawtrace.lineage.record.code import FIRST_PARTY
from pawtrace.lineage.trace.differences import flat
from pawtrace.lineage.trace.revisions import Revision, open_revision
from pawtrace.running.git import ask_git

_CONFLICT = ("<<<<<<< ", "=======", ">>>>>>> ")


class NoLockError(DataError):
    """There is no dvc.lock: nothing has run yet, or it was deleted."""


class StageRecord(NamedTuple):
    """One stage's last run: its command, params, and digests of what it read and wrote."""

    command: str
    params: dict[str, Any]  # flat: `split.seed`
    sections: tuple[str, ...]  # of params, watched as a whole
    code: dict[str, str]  # path -> md5
    data: dict[str, str]
    outputs: dict[str, str]


def _printable(path: str) -> str:
    if not path.isprintable():
        raise ValueError("a path with characters that cannot be printed")
    return path


def _within_the_project(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise ValueError("an output outside of the project")
    return path


_Path = Annotated[str, StringConstraints(min_length=1), AfterValidator(_printable)]


class _AsDvcWrites(BaseModel):
    model_config = ConfigDict(extra="forbid")  # as DVC does: a key that it does not know is damage


class _Read(_AsDvcWrites):
    path: _Path
    hash: str | None = None
    size: int | None = None
    nfiles: int | None = None
    isexec: bool | None = None
    cloud: Any = None
    files: Any = None
    md5: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}(\.dir)?$")]


class _Written(_Read):
    path: Annotated[_Path, AfterValidator(_within_the_project)]


class _Stage(_AsDvcWrites):
    cmd: str | list[str]
    deps: list[_Read] = []
    outs: list[_Written]  # the last that DVC writes of a stage: without, the file is cut short
    params: dict[str, dict[str, Any]] = {}


class _Lock(_AsDvcWrites):
    version: Literal["2.0"] = Field(alias="schema")
    datasets: Any = None
    stages: dict[str, _Stage]


def read_lock(revision: Revision) -> dict[str, StageRecord]:
    """The stages that dvc.lock records at a revision, in its order.

    Raises:
      NoLockError: the file is missing.
      DataError: it has conflict markers, is cut short or is no lock.
    """
    content = revision.read(LOCK)
    where = f"{LOCK} of {revision}"
    if content is None:
        raise NoLockError(f"{where}: expected it beside dvc.yaml, found none; {_what_to_do(revision)}")
    if problem := _problem(content):
        raise DataError(f"{where}: {problem}; {_what_to_do(revision)}")
    return {name: _record(stage) for name, stage in _parsed(content).stages.items()}


def _parsed(content: bytes) -> _Lock:
    return _Lock.model_validate(parse_yaml(content))


def _problem(content: bytes) -> str:
    """What is wrong with a lock; empty where nothing is."""
    for number, line in enumerate(content.splitlines(), start=1):
        if line.startswith(tuple(marker.encode() for marker in _CONFLICT)):
            return f"expected YAML, found a merge conflict in line {number}"
    try:
        _parsed(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        found = f"{where}: {first['msg']}" if where else "no stages"
    except ValueError as error:
        found = str(error)
    else:
        return ""
    said = "".join(letter if letter.isprintable() else "?" for letter in " ".join(found.split()))
    return f"expected a file as DVC writes it, found it empty, cut short or changed ({said[:120]})"


def _what_to_do(revision: Revision) -> str:
    """The command that brings a readable lock back, as far as git has one."""
    if revision.commit is not None:
        return "compare with another commit"
    unmerged = ask_git("ls-files", "--unmerged", "--", str(LOCK)) or ""
    if any(line.split()[2] == "2" for line in unmerged.splitlines()):  # 2: ours
        return f"run: git checkout --ours {LOCK} && dvc repro"
    committed = open_revision("HEAD").read(LOCK) if ask_git("rev-parse", "HEAD") else None
    if committed is not None and not _problem(committed):
        return f"run: git checkout HEAD -- {LOCK} && dvc repro"
    return f"run: rm -f {LOCK} && dvc repro"


def _record(stage: _Stage) -> StageRecord:
    read = {entry.path: entry.md5 for entry in stage.deps}
    is_code = {path: path.split("/")[0] in FIRST_PARTY for path in read}
    params: Mapping[str, Any] = {
        key: value for file_params in stage.params.values() for key, value in file_params.items()
    }
    return StageRecord(
        command=stage.cmd if isinstance(stage.cmd, str) else " && ".join(stage.cmd),
        params=flat(params),
        sections=tuple(key for key in params if "." not in key),
        code={path: md5 for path, md5 in read.items() if is_code[path]},
        data={path: md5 for path, md5 in read.items() if not is_code[path]},
        outputs={entry.path: entry.md5 for entry in stage.outs},
    )
