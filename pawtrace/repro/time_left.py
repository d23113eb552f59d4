"""Estimate how long a training and the remaining ones will take, from the last run.

Arrives: reports/provenance/<recipe>.json, what a recipe's last run took; dvc.lock and the files that `train`
reads. Leaves: words. A recipe that has never been trained, or was with pictures of another size or another
backbone, has no estimate.
"""

import time
from collections.abc import Callable, Sequence

from pawtrace.base.errors import PawtraceError
from pawtrace.base.stage_outputs import read_json
from pawtrace.config import paths
from pawtrace.config.recipe_file import read_recipe
from pawtrace.lineage.record.provenance import ReportedProvenance
from pawtrace.lineage.trace.dvc_cache import FOLDER
from pawtrace.lineage.trace.revisions import WORKSPACE, open_revision
from pawtrace.lineage.trace.snapshot import Snapshot, train_stage
from pawtrace.results.data_summary import SplitSummary

_SAME_SPEED = ("image_size_px", "backbone")
_WHOLE = 0.3  # of the estimate: what takes less was resumed, and says nothing of this machine


class TimeLeft:
    """What the trainings of a run take. Machines differ: how long the first ones took corrects the rest."""

    def __init__(self, recipes: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin a run.

        Args:
          recipes: of params.yaml.
          clock: seconds from anywhere.
        """
        self._recipes, self._clock = recipes, clock
        self._begun_at = 0.0
        self._estimated_s = self._spent_s = 0.0  # over the trainings that have ended

    def words(self, stage: str) -> str:
        """`, about 1 min, 5 min left` for a training; nothing for a stage that takes seconds."""
        kind, _, recipe = stage.partition("@")
        if kind != "train":
            return ""
        pace = self._spent_s / self._estimated_s if self._estimated_s else 1.0
        estimate = expected_s(recipe)
        coming = [expected_s(other) for other in self._stale() if other != recipe]
        known = [seconds for seconds in (estimate, *coming) if seconds is not None]
        about = "" if estimate is None else f", about {in_words(pace * estimate)}"
        if not coming or not known:
            return about
        at_least = "at least " if len(known) <= len(coming) else ""
        return f"{about}, {at_least}{in_words(pace * sum(known))} left"

    def begin(self) -> None:
        """A stage begins."""
        self._begun_at = self._clock()

    def finish(self, stage: str) -> str:
        """A stage has ended, and DVC has recorded it; there is nothing to say."""
        kind, _, recipe = stage.partition("@")
        estimate, spent = expected_s(recipe) if kind == "train" else None, self._clock() - self._begun_at
        if estimate is not None and spent > _WHOLE * estimate:
            self._estimated_s += estimate
            self._spent_s += spent
        return ""

    def _stale(self) -> list[str]:
        """The recipes that will be trained."""
        try:
            snapshot = Snapshot(open_revision(WORKSPACE))
        except PawtraceError:  # DVC will say more
            return []
        return [name for name in self._recipes if _is_stale(name, snapshot)]


def expected_s(recipe: str) -> float | None:
    """Seconds that the stage `train` of a recipe took the last time, scaled to the pictures of now."""
    stage = f"measure@{recipe}"
    try:
        last = read_json(ReportedProvenance, paths.PROVENANCES / f"{recipe}.json", stage)
        now = read_recipe(recipe).train.model_dump(include=set(_SAME_SPEED))
        counts = read_json(SplitSummary, paths.REPORTS / "data.json", "split").splits["test"]
    except (PawtraceError, KeyError):
        return None
    if any(last.params["train"].get(key) != now[key] for key in _SAME_SPEED):
        return None
    # A run that found its training finished took less than the training.
    seconds = max(last.duration_s, last.training.duration_s + last.evaluation.duration_s)
    return seconds * sum(counts.values()) / last.test.num_examples


def in_words(seconds: float) -> str:
    """A duration, rounded as a guess is."""
    if seconds < 50:
        return f"{max(10, round(seconds / 10) * 10)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{seconds / 3600:.0f} h"


def _is_stale(recipe: str, snapshot: Snapshot) -> bool:
    """Whether DVC will train a recipe: what it reads differs from the last time, or its model is gone."""
    record = snapshot.stage(train_stage(recipe))
    if record is None or not (paths.MODELS / recipe).is_dir():
        return True
    made = {path: md5 for stage in (snapshot.stages or {}).values() for path, md5 in stage.outputs.items()}
    return any(
        md5 != (made.get(path) or snapshot.md5(path, is_folder=md5.endswith(FOLDER)))
        for path, md5 in {**record.code, **record.data}.items()
    )
