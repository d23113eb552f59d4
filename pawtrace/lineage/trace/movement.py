"""Which metrics of a recipe moved, how far, and whether that is more than noise.

Arrives: two snapshots. Leaves: `Movement`s, those on test first.
"""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.base.stored_numbers import differs_as_stored
from pawtrace.config.sections import LABELS, SPLITS
from pawtrace.evaluation.intervals import Z
from pawtrace.evaluation.metrics import LOG_LOSS_CLIP
from pawtrace.evaluation.predictions import THRESHOLD
from pawtrace.evaluation.significance import is_significant, paired_estimate, sample_of, votes_of, welch
from pawtrace.lineage.record.provenance import groups_of, right_of
from pawtrace.lineage.trace.snapshot import Snapshot, train_stage

Interval = tuple[float, float]
_Key = tuple[str, int]  # id and label of an example
# Bounds of accuracy's interval are its movement, not metrics of their own; by their older names, too.
_WORTH_SAYING = 0.005  # of accuracy
_BOUNDS = (("ci_low", "ci_high"), ("accuracy_low", "accuracy_high"))


class Paired(NamedTuple):
    """The difference of a metric on the same test examples."""

    num_examples: int
    difference: float
    low: float  # of the 95 % interval
    high: float
    p_value: float | None  # of McNemar's exact test, for accuracy; None: the interval decides
    more_than_noise: bool
    within_seeds: bool = False  # Welch's t test of the seeds' accuracies finds nothing


class Movement(NamedTuple):
    """A metric that differs between two revisions."""

    metric: str  # `test.accuracy`
    old: float | None  # None: there was no such metric
    new: float | None
    old_interval: Interval | None  # 95 %, of test metrics
    new_interval: Interval | None
    paired: Paired | None  # None: not the same examples, or the metric is no mean over examples

    @property
    def from_other_examples(self) -> float:
        """What of the test accuracy's movement the shared examples do not show; 0.0 if it is little."""
        if self.metric != "test.accuracy" or self.old is None or self.new is None or self.paired is None:
            return 0.0
        rest = self.new - self.old - self.paired.difference
        return rest if abs(rest) >= _WORTH_SAYING else 0.0


def movements_of(
    recipe: str, older: Snapshot, newer: Snapshot, replaced: Collection[str], problems: list[str]
) -> list[Movement]:
    """The metrics that differ between two revisions, or whose intervals do, by more than a rounding.

    Args:
      recipe: its name.
      older: where the difference begins.
      newer: where it ends.
      replaced: ids of examples that have other pixels: no pairs.
      problems: gets a line for each thing that is damaged.
    """
    old, new = older.metrics.get(recipe, {}), newer.metrics.get(recipe, {})
    # A metric of one side only has not moved: the other side's code did not report it.
    names = set(old) & set(new) if old and new else set(old) | set(new)
    names -= {f"test.{bound}" for bounds in _BOUNDS for bound in bounds}
    moved = [name for name in names if _has_moved(name, recipe, older, newer)]
    order = {split: place for place, split in enumerate(reversed(SPLITS))}
    moved.sort(key=lambda name: (order.get(name.split(".")[0], len(order)), name))
    paired = _paired(recipe, older, newer, replaced, problems) if moved else {}
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


def _has_moved(name: str, recipe: str, older: Snapshot, newer: Snapshot) -> bool:
    old, new = (snapshot.metrics.get(recipe, {}).get(name) for snapshot in (older, newer))
    if old is None or new is None:
        return old is not new
    bounds = [_interval(name, recipe, snapshot) for snapshot in (older, newer)]
    pairs = [(old, new)]
    if bounds[0] is not None and bounds[1] is not None:
        pairs += zip(*bounds, strict=True)
    others = name == "test.accuracy" and _other_answers(recipe, older, newer)
    return others or any(differs_as_stored(*pair) for pair in pairs)


def _other_answers(recipe: str, older: Snapshot, newer: Snapshot) -> bool:
    """Whether a recipe is right on other examples of the same test split."""
    old, new = older.provenance.get(recipe), newer.provenance.get(recipe)
    if old is None or new is None or old.test.fingerprint != new.test.fingerprint:
        return False
    return old.test.right != new.test.right


def _interval(name: str, recipe: str, snapshot: Snapshot) -> Interval | None:
    split, _, metric = name.partition(".")
    if split != "test":
        return None
    if metric == "accuracy":  # of revisions without provenance too
        metrics = snapshot.metrics.get(recipe, {})
        for low_name, high_name in _BOUNDS:
            low, high = metrics.get(f"test.{low_name}"), metrics.get(f"test.{high_name}")
            if low is not None and high is not None:
                return low, high
    provenance = snapshot.provenance.get(recipe)
    return None if provenance is None else provenance.intervals.get(metric)


def _paired(
    recipe: str, older: Snapshot, newer: Snapshot, replaced: Collection[str], problems: list[str]
) -> dict[str, Paired]:
    if any(recipe in snapshot.edited or snapshot.some_edited for snapshot in (older, newer)):
        return {}  # the predictions are not those behind the numbers
    predictions = [_test_probabilities(recipe, snapshot, problems) for snapshot in (older, newer)]
    old_p_dog, new_p_dog = predictions
    if old_p_dog is None or new_p_dog is None:
        paired = _paired_by_answers(recipe, older, newer)
    else:
        shared = sorted(key for key in old_p_dog.keys() & new_p_dog.keys() if key[0] not in replaced)
        groups = _groups(recipe, newer, sorted(new_p_dog))
        paired = _paired_by_predictions(shared, old_p_dog, new_p_dog, groups) if shared else {}
    accuracy = paired.get("test.accuracy")
    if accuracy is not None and _is_tie_of_seeds(recipe, older, newer):
        paired["test.accuracy"] = accuracy._replace(more_than_noise=False, within_seeds=True)
    return paired


def _groups(recipe: str, snapshot: Snapshot, examples: list[_Key]) -> Mapping[_Key, str]:
    """The group of duplicates of each test example; each its own where none were recorded."""
    provenance = snapshot.provenance.get(recipe)
    if provenance is None or provenance.test.num_examples != len(examples):
        return {example: str(place) for place, example in enumerate(examples)}
    return dict(zip(examples, groups_of(provenance.test), strict=True))


def _paired_by_predictions(
    shared: list[_Key],
    old_p_dog: Mapping[_Key, float],
    new_p_dog: Mapping[_Key, float],
    groups: Mapping[_Key, str],
) -> dict[str, Paired]:
    labels = np.array([label for _, label in shared])
    old, new = (np.array([p_dog[example] for example in shared]) for p_dog in (old_p_dog, new_p_dog))
    right = [(probabilities >= THRESHOLD) == labels for probabilities in (old, new)]
    shared_groups = [groups[example] for example in shared]
    paired = {"test.accuracy": _by_mcnemar(right[0].tolist(), right[1].tolist(), shared_groups)}
    if len(set(shared_groups)) > 1:
        paired["test.log_loss"] = _by_mean(_log_losses(labels, new) - _log_losses(labels, old), shared_groups)
        paired["test.brier_score"] = _by_mean((new - labels) ** 2 - (old - labels) ** 2, shared_groups)
    return paired


def _paired_by_answers(recipe: str, older: Snapshot, newer: Snapshot) -> dict[str, Paired]:
    """Without DVC's cache: on the same split, so that no example can have other pixels."""
    old, new = older.provenance.get(recipe), newer.provenance.get(recipe)
    if old is None or new is None:
        return {}
    if old.test.fingerprint != new.test.fingerprint or old.data.splits != new.data.splits:
        return {}
    return {"test.accuracy": _by_mcnemar(right_of(old.test), right_of(new.test), groups_of(new.test))}


def _by_mcnemar(old: list[bool], new: list[bool], groups: list[str]) -> Paired:
    estimate = paired_estimate(votes_of(new, old, groups))
    return Paired(len(old), *estimate, more_than_noise=is_significant(estimate.p_value))


def _by_mean(differences: np.ndarray, groups: list[str]) -> Paired:
    """A mean over examples: the normal interval of the mean of their differences, by groups.

    Source: Rao & Scott 1992, the variance of a ratio over groups; with groups of one it is the usual one.
    """
    mean = math.fsum(differences) / differences.size
    sums: dict[str, list[float]] = defaultdict(list)
    for difference, group in zip(differences.tolist(), groups, strict=True):
        sums[group].append(difference - mean)
    squares = math.fsum(math.fsum(of_group) ** 2 for of_group in sums.values())
    half = Z * math.sqrt(squares * len(sums) / max(1, len(sums) - 1)) / differences.size
    return Paired(differences.size, mean, mean - half, mean + half, None, abs(mean) > half)


def _is_tie_of_seeds(recipe: str, older: Snapshot, newer: Snapshot) -> bool:
    """Whether the means over a recipe's seeds, where there are several, may differ by chance."""
    provenances = [snapshot.provenance.get(recipe) for snapshot in (older, newer)]
    old, new = ([] if one is None else one.seed_accuracies for one in provenances)
    if not old or not new or len(old) == len(new) == 1:
        return False
    estimate = welch(sample_of(new), sample_of(old))
    return estimate is not None and not is_significant(estimate.p_value)


def _log_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    clipped = np.clip(probabilities, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP)
    return np.asarray(-np.log(np.where(labels == 1, clipped, 1 - clipped)))


def _test_probabilities(recipe: str, snapshot: Snapshot, problems: list[str]) -> Mapping[_Key, float] | None:
    """P(dog) of each test example by id and label; None if it is no longer available."""
    record = snapshot.stage(train_stage(recipe))
    outputs = {} if record is None else record.outputs
    # Of two recipes that are compared, one goes by the other's name.
    folder = next((path for path in outputs if path.startswith("models/")), None)
    if folder is None:
        return None
    try:
        text = snapshot.file(folder, "predictions.csv", outputs[folder])
    except DataError:  # gone from the cache: the provenance has enough for accuracy
        return None
    try:
        rows = [row for row in csv.DictReader(io.StringIO(text.decode())) if row["split"] == "test"]
        probabilities = {(row["id"], LABELS.index(row["label"])): float(row["probability"]) for row in rows}
    except (ValueError, KeyError, TypeError, csv.Error):
        probabilities = {}
    provenance = snapshot.provenance.get(recipe)
    if not probabilities or (provenance is not None and len(probabilities) != provenance.test.num_examples):
        problems.append(f"{folder}/predictions.csv of {snapshot.revision} is damaged; run: pawtrace verify")
        return None
    return probabilities
