"""Everything that one revision records about its metrics; missing or damaged files are listed as problems."""

import json
import sys
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from pawtrace.base.errors import DataError
from pawtrace.base.files import fingerprint
from pawtrace.lineage.record.provenance import ReportedProvenance
from pawtrace.lineage.trace.differences import flat
from pawtrace.lineage.trace.dvc_cache import cached, cached_folder, folder_md5, md5_of
from pawtrace.lineage.trace.dvc_lock import NoLockError, StageRecord, read_lock
from pawtrace.lineage.trace.revisions import Revision

_METRICS = "reports/metrics"
_PROVENANCE = "reports/provenance"
_DATA = "reports/data.json"


def train_stage(recipe: str) -> str:
    """The name of the stage that trains a recipe."""
    return f"train@{recipe}"


def measure_stage(recipe: str) -> str:
    """The name of the stage that measures a recipe's predictions."""
    return f"measure@{recipe}"


class Snapshot:
    """A revision's metrics, what they were made from, and what of that could not be read.

    Attributes:
      revision: where it was read.
      stages: dvc.lock, by stage; None where there is none.
      metrics: by recipe, flat: `test.accuracy`.
      provenance: by recipe.
      edited: the recipes whose metrics are not those that their run wrote.
      some_edited: whether some recipe's are not, and nothing says whose.
      problems: a line for each thing that could not be read, with what to run.
    """

    def __init__(self, revision: Revision) -> None:
        """Read a revision.

        Raises:
          DataError: dvc.lock is there and cannot be read: nothing could be said of what changed.
        """
        self.revision = revision
        self.problems: list[str] = []
        self.stages = self._lock()
        self.metrics: dict[str, dict[str, float]] = {}
        self.provenance: dict[str, ReportedProvenance] = {}
        self.edited: set[str] = set()
        self._md5s: dict[str, str] = {}
        self._reports = revision.read_folder(_METRICS) | revision.read_folder(_PROVENANCE)
        files = [PurePosixPath(path) for path in self._reports if path.startswith(f"{_METRICS}/")]
        names = sorted(path.stem for path in files if path.suffix == ".json")
        for name in names:
            self._read_recipe(name)
        recipe_known = self.edited or len(self.metrics) < len(names)
        self.some_edited = not recipe_known and not self._metrics_are_those_of_the_report(names)

    def stage(self, name: str) -> StageRecord | None:
        """What dvc.lock records of a stage; until there was a stage `measure`, the report measured."""
        if self.stages is None:
            return None
        if name.startswith("measure@") and not any(stage.startswith("measure@") for stage in self.stages):
            name = "report"
        return self.stages.get(name)

    def md5(self, path: str, *, is_folder: bool) -> str:
        """The md5 that DVC would give to a file or folder as it is at this revision."""
        if path not in self._md5s:
            if is_folder:
                files = self.revision.read_folder(path)
                md5s = {name.removeprefix(f"{path}/"): md5_of(content) for name, content in files.items()}
                self._md5s[path] = folder_md5(md5s)
            else:
                self._md5s[path] = md5_of(self.revision.read(path) or b"")
        return self._md5s[path]

    def file(self, folder: str, name: str, md5: str) -> bytes:
        """A file of a stage's output folder: from the workspace, else from DVC's cache.

        Args:
          folder: the output, `data/splits`.
          name: the file's path in it.
          md5: the folder's, of dvc.lock.
        Raises:
          DataError: the cache does not have it.
        """
        if self.revision.commit is None and (content := self.revision.read(f"{folder}/{name}")) is not None:
            return content
        try:
            files = cached_folder(md5)
            if name not in files:
                raise DataError(f"{name} is not in it")
            return cached(files[name])
        except DataError as error:
            raise DataError(f"{folder} of {self.revision}: {error}") from None

    def example_counts(self) -> dict[str, int]:
        """The number of examples by split and label: `train cat`."""
        splits = (self._json(_DATA, self.revision.read(_DATA)) or {}).get("splits", {})
        return {key.replace(".", " "): count for key, count in flat(splits).items()}

    def _lock(self) -> dict[str, StageRecord] | None:
        try:
            return read_lock(self.revision)
        except NoLockError as error:
            self.problems.append(str(error))
            return None

    def _read_recipe(self, name: str) -> None:
        path = f"{_METRICS}/{name}.json"
        metrics = self._json(path, self._reports.get(path))
        if metrics is None:
            return
        values = flat(metrics)
        odd = next((key for key, value in values.items() if not _is_number(value)), None)
        if odd is not None:
            self._unreadable(path, f"{odd}: {values[odd]!r}")
            return
        self.metrics[name] = values
        self._read_provenance(name, f"{_PROVENANCE}/{name}.json")
        is_of_its_run = name not in self.provenance or self.provenance[name].metrics == fingerprint(metrics)
        if not (is_of_its_run and self._is_measured(name, self._reports[path])):
            self.edited.add(name)

    def _read_provenance(self, name: str, path: str) -> None:
        content = self._json(path, self._reports.get(path))
        try:
            if content is not None:
                self.provenance[name] = ReportedProvenance.model_validate(content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            self._unreadable(path, f"{where}: {first['msg']}")

    def _json(self, path: str, content: bytes | None) -> dict[str, Any] | None:
        if content is None:
            return None
        try:
            read = json.loads(content)
        except (ValueError, RecursionError) as error:
            self._unreadable(path, str(error))
            return None
        if isinstance(read, dict):
            return read
        self._unreadable(path, type(read).__name__)
        return None

    def _unreadable(self, path: str, problem: str) -> None:
        line = " ".join(problem.split())[:120]
        is_workspace = self.revision.commit is None
        again = f"measure@{PurePosixPath(path).stem}" if path.startswith((_METRICS, _PROVENANCE)) else "split"
        what_to_do = f"run: dvc repro --force {again}" if is_workspace else "compare with another commit"
        self.problems.append(
            f"{path} of {self.revision}: expected what a stage writes, found {line}; {what_to_do}"
        )

    def _is_measured(self, name: str, metrics: bytes) -> bool:
        """Whether a metrics file is the one that the stage `measure` wrote, as far as dvc.lock tells."""
        stage = (self.stages or {}).get(measure_stage(name))
        return stage is None or stage.outputs.get(f"{_METRICS}/{name}.json") in (None, md5_of(metrics))

    def _metrics_are_those_of_the_report(self, names: list[str]) -> bool:
        """The same of all metrics together, at a revision whose report measured."""
        report = self.stage("report")
        if report is None or _METRICS not in report.outputs:
            return True  # nothing to hold against them
        files = {f"{name}.json": self._reports[f"{_METRICS}/{name}.json"] for name in names}
        md5s = {name: md5_of(content) for name, content in files.items()}
        return folder_md5(md5s) == report.outputs[_METRICS]


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max  # of an integer that no float can hold, too
