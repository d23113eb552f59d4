"""Which metrics of a recipe moved, how far, and whether that is more than noise.

Arrives: two snapshots. Leaves: `Movement`s, those on test first.
"""

import csv
import io
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pawtrace.config.errors import DataError
from pawtrace.config.sections import LABELS, SPLITS
from pawtrace.evaluation.intervals import CONFIDENCE, Z
from pawtrace.evaluation.metrics import LOG_LOSS_CLIP
from pawtrace.evaluation.paired import mcnemar, paired_interval
from pawtrace.evaluation.predictions import THRESHOLD
from pawtrace.lineage.changes import train_stage
from pawtrace.lineage.provenance import right_of
from pawtrace.lineage.snapshot import Snapshot

Interval = tuple[float, float]
# Bounds of accuracy's interval are shown with it, not as metrics of their own.
_BOUNDS = ("accuracy_low", "accuracy_high")


class Paired(NamedTuple):
    """The difference of a metric on the same test examples."""

    num_examples: int
    difference: float
    low: float  # of the 95 % interval
    high: float
    more_than_noise: bool


class Movement(NamedTuple):
    """A metric that differs between two revisions."""

    metric: str  # `test.accuracy`
    old: float | None  # None: there was no such metric
    new: float | None
    old_interval: Interval | None  # 95 %, of test metrics
    new_interval: Interval | None
    paired: Paired | None  # None: not the same examples, or the metric is no mean over examples


def movements_of(recipe: str, older: Snapshot, newer: Snapshot) -> list[Movement]:
    """The metrics that differ between two revisions, to the last digit."""
    old, new = older.metrics.get(recipe, {}), newer.metrics.get(recipe, {})
    moved = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    moved = [name for name in moved if name.split(".")[-1] not in _BOUNDS]
    order = {split: place for place, split in enumerate(reversed(SPLITS))}
    moved.sort(key=lambda name: (order.get(name.split(".")[0], len(order)), name))
    paired = _paired(recipe, older, newer) if moved else {}
    return [
        Movement(
            name,
            old.get(name),
            new.get(name),
            _interval(name, recipe, older),
            _interval(name, recipe, newer),
            paired.get(name),
        )
        for name in moved
    ]


def _interval(name: str, recipe: str, snapshot: Snapshot) -> Interval | None:
    split, _, metric = name.partition(".")
    if split != "test":
        return None
    if metric == "accuracy":  # of revisions without provenance too
        metrics = snapshot.metrics.get(recipe, {})
        bounds = [metrics.get(f"test.{bound}") for bound in _BOUNDS]
        if bounds[0] is not None and bounds[1] is not None:
            return bounds[0], bounds[1]
    provenance = snapshot.provenance.get(recipe)
    return None if provenance is None else provenance.intervals.get(metric)


def _paired(recipe: str, older: Snapshot, newer: Snapshot) -> dict[str, Paired]:
    if older.was_edited(recipe) or newer.was_edited(recipe):
        return {}  # the predictions are not those behind the numbers
    try:
        predictions = _test_probabilities(recipe, older), _test_probabilities(recipe, newer)
    except DataError:  # not here any more: the provenance has enough for accuracy
        return _paired_by_answers(recipe, older, newer)
    shared = sorted(predictions[0].keys() & predictions[1].keys())
    if not shared:
        return {}
    labels = np.array([label for _, label in shared])
    old, new = (np.array([of[example] for example in shared]) for of in predictions)
    right = [(probabilities >= THRESHOLD) == labels for probabilities in (old, new)]
    return {
        "test.accuracy": _by_mcnemar(right[0].tolist(), right[1].tolist()),
        "test.log_loss": _by_mean(_log_losses(labels, new) - _log_losses(labels, old)),
        "test.brier_score": _by_mean((new - labels) ** 2 - (old - labels) ** 2),
    }


def _paired_by_answers(recipe: str, older: Snapshot, newer: Snapshot) -> dict[str, Paired]:
    old, new = older.provenance.get(recipe), newer.provenance.get(recipe)
    if old is None or new is None or old.test.fingerprint != new.test.fingerprint:
        return {}
    return {"test.accuracy": _by_mcnemar(right_of(old.test), right_of(new.test))}


def _by_mcnemar(old: list[bool], new: list[bool]) -> Paired:
    gained = sum(after and not before for before, after in zip(old, new, strict=True))
    lost = sum(before and not after for before, after in zip(old, new, strict=True))
    significant = mcnemar(gained, lost) < 1 - CONFIDENCE
    return Paired(len(old), (gained - lost) / len(old), *paired_interval(gained, lost, len(old)), significant)


def _by_mean(differences: np.ndarray) -> Paired:
    """A mean over examples: the normal interval of the mean of their differences."""
    mean = float(differences.mean())
    half = (
        Z * float(differences.std(ddof=1)) / math.sqrt(differences.size) if differences.size > 1 else math.inf
    )
    return Paired(differences.size, mean, mean - half, mean + half, abs(mean) > half)


def _log_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    clipped = np.clip(probabilities, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP)
    return np.asarray(-np.log(np.where(labels == 1, clipped, 1 - clipped)))


def _test_probabilities(recipe: str, snapshot: Snapshot) -> Mapping[tuple[str, int], float]:
    """P(dog) of each test example by id and label."""
    record = snapshot.stage(train_stage(recipe))
    if record is None:
        raise DataError(f"{train_stage(recipe)} is not in dvc.lock")
    folder = f"models/{recipe}"
    text = snapshot.file(folder, "predictions.csv", record.outputs[folder]).decode()
    rows = csv.DictReader(io.StringIO(text))
    return {
        (row["id"], LABELS.index(row["label"])): float(row["probability"])
        for row in rows
        if row["split"] == "test"
    }
