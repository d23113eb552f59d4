"""95 % intervals of metrics: how much a number would move on other examples of the same kind.

They hold for one trained model and other test examples, not for other seeds of training.
"""

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
from scipy.stats import binomtest

from pawtrace.config.sections import LABELS, MeasureParams
from pawtrace.evaluation.metrics import check_both_labels, measure, metrics_of
from pawtrace.evaluation.predictions import Predictions

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
Z = NormalDist().inv_cdf(1 - _TAIL)
_MAX_CELLS = 2_000_000  # resamples x examples held at once: 16 MB


def wilson(num_right: int, num_examples: int) -> tuple[float, float]:
    """The Wilson score interval of a share; holds near 0 and 1 and for few examples too.

    Args:
      num_right: successes.
      num_examples: trials, at least 1.
    Returns:
      (low, high) within 0..1.
    Source: Wilson 1927; recommended by Brown, Cai & DasGupta 2001.
    """
    interval = binomtest(num_right, num_examples).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def intervals(predictions: Predictions, params: MeasureParams) -> dict[str, tuple[float, float]]:
    """95 % intervals of all metrics: Wilson's for accuracy, a bootstrap's for the others.

    The bootstrap resamples each label by itself (stratified) and takes percentiles (Efron &
    Tibshirani 1993). Only the calibration error's interval is mirrored at the estimate, since
    resampling adds noise to the bins and so always makes it larger; the estimate stays within.

    Returns:
      (low, high) by metric; the same for the same seed and predictions.
    Raises:
      TrainingError: only one label is present.
    """
    check_both_labels(predictions)
    low, high = _percentiles(predictions, params)
    estimates = measure(predictions, params.calibration_bins)
    result = {name: (low[name], high[name]) for name in estimates}
    result["accuracy"] = wilson(
        int((predictions.predicted == predictions.labels).sum()), len(predictions.ids)
    )
    result["calibration_error"] = _mirrored(estimates["calibration_error"], *result["calibration_error"])
    return result


def _percentiles(
    predictions: Predictions, params: MeasureParams
) -> tuple[dict[str, float], dict[str, float]]:
    metrics = metrics_of(params.calibration_bins)
    values: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    for weights in _resamples(predictions.labels, params.num_bootstrap, params.bootstrap_seed):
        for name, metric in metrics.items():
            values[name].append(metric(predictions.labels, predictions.probabilities, weights))
    bounds = {
        name: np.quantile(np.concatenate(blocks), (_TAIL, 1 - _TAIL)) for name, blocks in values.items()
    }
    return {n: float(b[0]) for n, b in bounds.items()}, {n: float(b[1]) for n, b in bounds.items()}


def _resamples(labels: np.ndarray, num_resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of resamples, int64 (block, n): how often each example was drawn."""
    rng = np.random.default_rng(seed)
    block = max(1, _MAX_CELLS // labels.size)
    for start in range(0, num_resamples, block):
        size = min(block, num_resamples - start)
        weights = np.empty((size, labels.size), np.int64)
        for label in range(len(LABELS)):
            members = np.flatnonzero(labels == label)
            drawn = rng.integers(members.size, size=(size, members.size))
            drawn += np.arange(size)[:, None] * members.size  # so that one bincount serves all rows
            counts = np.bincount(drawn.ravel(), minlength=size * members.size)
            weights[:, members] = counts.reshape(size, members.size)
        yield weights


def _mirrored(estimate: float, low: float, high: float) -> tuple[float, float]:
    return max(0.0, min(estimate, 2 * estimate - high)), max(estimate, 2 * estimate - low)
