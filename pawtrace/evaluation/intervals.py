"""95 % intervals of metrics: how much a number would move on other examples of the same kind.

They hold for one trained model and other test examples, not for other seeds of training. Duplicates of
one picture count as one example. Counts, square roots and correctly rounded sums only, so that the same
predictions give the same intervals on every processor.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from pawtrace.config.sections import LABELS, MeasureParams
from pawtrace.evaluation.groups import effective_size
from pawtrace.evaluation.metrics import check_both_labels, measure
from pawtrace.evaluation.predictions import Predictions
from pawtrace.evaluation.resampling import loss_bounds

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
Z = NormalDist().inv_cdf(1 - TAIL)
Interval = tuple[float, float]
_NUM_HALVINGS = 60  # until an interval is as narrow as float64


def wilson(num_right: float, num_examples: float) -> Interval:
    """The Wilson score interval of a share; holds near 0 and 1 and for few examples too.

    Args:
      num_right: successes; of duplicates, so many as count.
      num_examples: trials, above 0; the same.
    Returns:
      (low, high) within 0..1.
    Source: Wilson 1927; recommended by Brown, Cai & DasGupta 2001.
    """
    share, z2 = num_right / num_examples, Z * Z
    centre = num_right + z2 / 2
    half = Z * math.sqrt(num_right * (1 - share) + z2 / 4)
    low, high = (centre - half) / (num_examples + z2), (centre + half) / (num_examples + z2)
    return (0.0 if share == 0 else low), (1.0 if share == 1 else high)


def mean_of_shares(shares: list[float], share_intervals: list[Interval]) -> Interval:
    """The interval of the mean of independent shares, from the interval of each.

    Each end is as far from the mean as the square root of the squared distances of the shares' own ends:
    so it keeps what Wilson's intervals are good for, shares of 0 and 1.

    Source: Zou & Donner 2008, "Construction of confidence limits about effect measures" (MOVER), the
      principle of method 10 of Newcombe 1998.
    """
    mean = math.fsum(shares) / len(shares)
    below = [share - low for share, (low, _) in zip(shares, share_intervals, strict=True)]
    above = [high - share for share, (_, high) in zip(shares, share_intervals, strict=True)]
    return (
        max(0.0, mean - math.sqrt(math.fsum(d * d for d in below)) / len(shares)),
        min(1.0, mean + math.sqrt(math.fsum(d * d for d in above)) / len(shares)),
    )


def auc_interval(auc: float, num_cats: float, num_dogs: float) -> Interval:
    """The score interval of the area under the ROC curve; not empty where the area is 0 or 1.

    Its ends are the areas that would just be compatible with the measured one: |area - auc| is Z times
    the standard error that an area of that size has.

    Args:
      auc: the measured area.
      num_cats: how many there are; of duplicates, so many as count.
      num_dogs: the same.
    Source: Newcombe 2006, "Confidence intervals for an effect size measure based on the Mann-Whitney
      statistic. Part 2", method 5: the variance of Hanley & McNeil 1982 with both sizes replaced by their
      mean.
    """
    further = (num_cats + num_dogs) / 2 - 1

    def error_of(area: float) -> float:
        shape = 1 + further * ((1 - area) / (2 - area) + area / (1 + area))
        return math.sqrt(area * (1 - area) * shape / (num_cats * num_dogs))

    low = _boundary(lambda area: auc - area > Z * error_of(area), 0.0, auc)
    high = _boundary(lambda area: area - auc < Z * error_of(area), auc, 1.0)
    return low, high


def intervals(predictions: Predictions, params: MeasureParams) -> dict[str, Interval]:
    """95 % intervals of all metrics: in closed form for shares and the area, a bootstrap's for losses.

    Returns:
      (low, high) by metric; the same for the same seed and predictions.
    Raises:
      TrainingError: only one label is present.
    """
    check_both_labels(predictions)
    estimates = measure(predictions, params.calibration_bins)
    right, groups = predictions.predicted == predictions.labels, np.array(predictions.groups)
    of_labels = [predictions.labels == label for label in range(len(LABELS))]
    shares = [int(right[of_label].sum()) / int(of_label.sum()) for of_label in of_labels]
    sizes = [effective_size(groups[of_label].tolist()) for of_label in of_labels]
    size = effective_size(predictions.groups)
    label_intervals = [wilson(share * size, size) for share, size in zip(shares, sizes, strict=True)]
    return {
        "accuracy": wilson(int(right.sum()) / right.size * size, size),
        "balanced_accuracy": mean_of_shares(shares, label_intervals),
        "roc_auc": auc_interval(estimates["roc_auc"], *sizes),
        **loss_bounds(predictions, estimates, params, (TAIL, 1 - TAIL)),
    }


def _boundary(holds: Callable[[float], bool], start: float, end: float) -> float:
    """Where on the way from `start` to `end` something ceases to hold."""
    for _ in range(_NUM_HALVINGS):
        middle = (start + end) / 2
        start, end = (middle, end) if holds(middle) else (start, middle)
    return start
