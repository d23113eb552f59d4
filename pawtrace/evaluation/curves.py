"""What a chart of predictions is drawn from: confusion, ROC points, calibration bins.

Arrives: the predictions of one split. Leaves: small lists of plain numbers.
"""

import numpy as np

from pawtrace.config.sections import LABELS
from pawtrace.evaluation.metrics import bin_of
from pawtrace.evaluation.predictions import Predictions

_MAX_ROC_POINTS = 200  # finer than a chart shows


def confusion(predictions: Predictions) -> list[list[int]]:
    """Counts of examples: rows are true labels, columns predicted ones, both in the order of LABELS."""
    cells = predictions.labels * len(LABELS) + predictions.predicted
    counts = np.bincount(cells, minlength=len(LABELS) ** 2)
    return [[int(count) for count in row] for row in counts.reshape(len(LABELS), len(LABELS))]


def roc_points(predictions: Predictions) -> list[list[float]]:
    """Points of the ROC curve, dog being positive.

    Returns:
      [false positive rate, true positive rate] pairs from [0, 0] to [1, 1], at most 200 of them.
    """
    order = np.argsort(-predictions.probabilities, kind="stable")
    # Examples of equal P(dog) fall on the same side of every threshold: only a run's end is a point.
    ends = np.flatnonzero(np.diff(predictions.probabilities[order], append=-1.0))
    dogs = np.cumsum(predictions.labels[order])[ends]
    cats = ends + 1 - dogs
    points = np.stack([cats / cats[-1], dogs / dogs[-1]], axis=1)
    points = _without_middles(np.concatenate([[[0.0, 0.0]], points]))
    kept = np.unique(np.linspace(0, len(points) - 1, min(len(points), _MAX_ROC_POINTS)).round().astype(int))
    return [[float(x), float(y)] for x, y in points[kept]]


def _without_middles(points: np.ndarray) -> np.ndarray:
    """Drop the points that lie between their neighbours on a horizontal or vertical line."""
    steps = np.diff(points, axis=0) > 0
    middle = (steps[1:] == steps[:-1]).all(axis=1) & (steps[1:].sum(axis=1) == 1)
    return np.asarray(points[np.concatenate([[True], ~middle, [True]])])


def calibration_bins(predictions: Predictions, num_bins: int) -> list[dict[str, float]]:
    """The points of a reliability diagram: bins of P(dog) of equal width, empty ones left out.

    Returns:
      For each bin `mean_probability`, `share_of_dogs` and `count`.
    """
    bins = bin_of(predictions.probabilities, num_bins)
    counts = np.bincount(bins, minlength=num_bins)
    sums = np.bincount(bins, weights=predictions.probabilities, minlength=num_bins)
    dogs = np.bincount(bins, weights=predictions.labels, minlength=num_bins)
    return [
        {
            "mean_probability": float(sums[n] / counts[n]),
            "share_of_dogs": float(dogs[n] / counts[n]),
            "count": int(counts[n]),
        }
        for n in np.flatnonzero(counts)
    ]
