"""Predictions: what a model says about every example of a split, and the file that keeps them.

Arrives: P(dog) per example. Leaves: `predictions.csv`, from which exactly the same numbers are read.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from pawtrace.base.errors import DataError, TrainingError
from pawtrace.base.files import csv_text, write_text
from pawtrace.config.sections import LABELS

_COLUMNS = ("split", "id", "label", "probability")
_SEED = "predictions_seed_"
THRESHOLD = 0.5  # from this P(dog) on the prediction is dog


class WorstError(NamedTuple):
    """A confidently wrong prediction."""

    id: str
    label: str  # the true one
    probability: float  # P(dog)


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of one split; refused when they are not probabilities.

    Raises:
      TrainingError: a probability is not in 0..1 (NaN included), a label is unknown, there are none,
        or there is not one label and one probability for each id.
    """

    ids: list[str]
    labels: np.ndarray  # int64 (n,), indices of LABELS
    probabilities: np.ndarray  # float64 (n,), P(dog)
    group_of: Mapping[str, str] = field(default_factory=dict)  # by id, of examples that may have duplicates

    def __post_init__(self) -> None:
        if not self.ids:
            raise TrainingError("predictions: expected at least one example, found none")
        shape = (len(self.ids),)
        if self.labels.shape != shape or self.probabilities.shape != shape:
            raise TrainingError(
                f"predictions: expected a label and a probability for each of {shape[0]} examples, "
                f"found shapes {self.labels.shape} and {self.probabilities.shape}"
            )
        self._check_values()

    def _check_values(self) -> None:
        # Written so that NaN, which is neither above nor below, is refused too.
        wrong = np.flatnonzero(~((self.probabilities >= 0) & (self.probabilities <= 1)))
        if wrong.size:
            first = wrong[0]
            raise TrainingError(
                f"predictions: expected every P(dog) in 0..1, found {self.probabilities[first]} for "
                f"{self.ids[first]} ({wrong.size} such of {len(self.ids)}); "
                "the model is unusable: try a smaller learning_rate"
            )
        unknown = sorted(set(self.labels.tolist()) - set(range(len(LABELS))))
        if unknown:
            raise TrainingError(
                f"predictions: expected labels 0 ({LABELS[0]}) and 1 ({LABELS[1]}), found {unknown[0]}"
            )

    @property
    def predicted(self) -> np.ndarray:
        """The predicted labels, int64 (n,)."""
        return (self.probabilities >= THRESHOLD).astype(np.int64)

    @property
    def groups(self) -> list[str]:
        """The group of duplicates of each example; an example of which none is known is alone in its own."""
        return [self.group_of.get(id, id) for id in self.ids]

    def grouped(self, group_of: Mapping[str, str]) -> Self:
        """The same predictions, with the group of duplicates of each example by its id."""
        return replace(self, group_of=group_of)


def worst_errors(predictions: Predictions, num_errors: int) -> list[WorstError]:
    """The wrong predictions of which the model was surest, the surest first.

    Args:
      predictions: of the test split.
      num_errors: how many at most.
    Returns:
      Fewer when fewer are wrong; equally sure ones in the order of their ids.
    """
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    sureness = np.abs(predictions.probabilities - predictions.labels)
    ranked = sorted(wrong.tolist(), key=lambda n: (-sureness[n], predictions.ids[n]))
    return [
        WorstError(
            predictions.ids[n], LABELS[int(predictions.labels[n])], float(predictions.probabilities[n])
        )
        for n in ranked[:num_errors]
    ]


def write_predictions(path: Path, predictions_by_split: Mapping[str, Predictions]) -> None:
    """Write predictions.csv: split, id, label in words, P(dog) to the last digit."""
    rows = (
        (split, id, LABELS[label], repr(float(p)))
        for split, predictions in predictions_by_split.items()
        for id, label, p in zip(predictions.ids, predictions.labels, predictions.probabilities, strict=True)
    )
    write_text(path, csv_text(_COLUMNS, rows))


def read_predictions(path: Path) -> dict[str, Predictions]:
    """Read predictions.csv.

    Returns:
      The predictions by split, in the file's order; each float equals the one that was written.
    Raises:
      DataError: the file is missing or is not such a file.
      TrainingError: it holds something that is not a probability.
    """
    rows: dict[str, list[tuple[str, int, float]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                example = (row["id"], LABELS.index(row["label"]), float(row["probability"]))
                rows.setdefault(row["split"], []).append(example)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; run: dvc repro train@{path.parent.name}") from None
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: expected columns {', '.join(_COLUMNS)}, found {error!r:.80}; "
            f"run: dvc repro --force train@{path.parent.name}"
        ) from None
    return {split: _predictions(examples) for split, examples in rows.items()}


def seed_file(folder: Path, seed: int) -> Path:
    """The file in models/<recipe>/ for the test predictions of a seed after the first."""
    return folder / f"{_SEED}{seed}.csv"


def read_seed_predictions(folder: Path) -> dict[int, Predictions]:
    """The test predictions of all seeds after the first, in the order of the seeds.

    Raises:
      DataError, TrainingError: see `read_predictions`.
    """
    seeds = sorted(int(path.stem.removeprefix(_SEED)) for path in folder.glob(f"{_SEED}*.csv"))
    return {seed: read_predictions(seed_file(folder, seed))["test"] for seed in seeds}


def _predictions(examples: list[tuple[str, int, float]]) -> Predictions:
    ids, labels, probabilities = zip(*examples, strict=True)
    return Predictions(list(ids), np.array(labels, np.int64), np.array(probabilities, np.float64))
