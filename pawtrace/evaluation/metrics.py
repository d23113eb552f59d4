"""Metrics of predictions on a split, in numpy: the same predictions give the same digits everywhere.

Arrives: labels and P(dog). Leaves: numbers. Every metric also takes `weights`, how often each
example counts: with a row of weights per resample, one call measures all resamples of a bootstrap.

A sum of floats depends on its order, and so on the processor's instruction set; `np.log` does too. So
each example's share is a whole number of 2^-36, and whole numbers are summed; before that, only
single additions, multiplications and divisions are made, which IEEE 754 rounds alike everywhere.
"""

import math
from collections.abc import Callable

import numpy as np

from pawtrace.base.errors import TrainingError
from pawtrace.config.sections import LABELS
from pawtrace.evaluation.predictions import THRESHOLD, Predictions

# As Keras clips: a confident mistake costs at most 16.1, so that one cannot drown all others.
LOG_LOSS_CLIP = 1e-7
_FRACTION_BITS = 36  # 1.5e-11; the sum over 8 million examples that cost 16.1 each still fits into int64
_NUM_LN_TERMS = 12  # the next term is below 2^-60
_LN_2 = 0.6931471805599453

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def accuracy(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The share of examples whose predicted label is theirs; P(dog) >= 0.5 predicts dog.

    Args:
      labels: int (n,), 0 cat, 1 dog.
      probabilities: float64 (n,), P(dog).
      weights: int64 (..., n), how often each example counts.
    Returns:
      float64 (...), one value for each row of weights. The same holds for all metrics here.
    """
    return _mean((probabilities >= THRESHOLD) == labels, weights)


def balanced_accuracy(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean over labels of the accuracy among the examples of that label.

    Source: Brodersen et al. 2010, "The balanced accuracy and its posterior distribution".
    """
    right = (probabilities >= THRESHOLD) == labels
    shares = [_mean(right[labels == n], weights[..., labels == n]) for n in range(len(LABELS))]
    return np.asarray(sum(shares) / len(LABELS))


def roc_auc(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The chance that a random dog has a higher P(dog) than a random cat; a tie counts half.

    Source: Hanley & McNeil 1982, the Mann-Whitney form of the area under the ROC curve.
    """
    order = np.argsort(probabilities, kind="stable")
    starts = np.flatnonzero(np.diff(probabilities[order], prepend=-1.0))  # of runs of equal P(dog)
    dogs = np.add.reduceat((weights * (labels == 1))[..., order], starts, axis=-1)
    cats = np.add.reduceat((weights * (labels == 0))[..., order], starts, axis=-1)
    cats_below = np.cumsum(cats, axis=-1) - cats
    half_wins = (dogs * (2 * cats_below + cats)).sum(axis=-1)
    return np.asarray(half_wins / (2 * dogs.sum(axis=-1) * cats.sum(axis=-1)))


def log_loss(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean of -ln P(true label), probabilities clipped to [1e-7, 1 - 1e-7] as Keras does."""
    clipped = np.clip(probabilities, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP)
    return _mean(-ln(np.where(labels == 1, clipped, 1 - clipped)), weights)


def brier_score(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean squared difference between P(dog) and the label. Source: Brier 1950."""
    return _mean((probabilities - labels) ** 2, weights)


def calibration_error(num_bins: int) -> Metric:
    """Expected calibration error over equal-width bins of P(dog).

    The mean, weighted by count, of |mean P(dog) - share of dogs| of the bins: how far the
    reliability diagram is from its diagonal. Bins are of P(dog), not of confidence, so that an
    error towards one label shows. Source: Naeini, Cooper & Hauskrecht 2015.

    Returns:
      The metric.
    """

    def metric(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        in_bin = bin_of(probabilities, num_bins)[:, None] == np.arange(num_bins)  # (n, bins)
        gaps = weights @ (in_bin * _whole(probabilities - labels)[:, None])  # (..., bins)
        return _share(np.abs(gaps).sum(axis=-1), weights)

    return metric


def bin_of(probabilities: np.ndarray, num_bins: int) -> np.ndarray:
    """The equal-width bin of each probability, int64 (n,); 1.0 belongs to the last one."""
    return np.minimum((probabilities * num_bins).astype(np.int64), num_bins - 1)


def metrics_of(calibration_bins: int) -> dict[str, Metric]:
    """All metrics by the names that reports and `dvc metrics` show."""
    return {
        "accuracy": accuracy,
        "balanced_accuracy": balanced_accuracy,
        "roc_auc": roc_auc,
        "log_loss": log_loss,
        "brier_score": brier_score,
        "calibration_error": calibration_error(calibration_bins),
    }


def measure(predictions: Predictions, calibration_bins: int) -> dict[str, float]:
    """Measure predictions with every metric.

    Raises:
      TrainingError: only one label is present, so that half of the metrics mean nothing.
    """
    check_both_labels(predictions)
    weights = np.ones(len(predictions.ids), np.int64)
    return {
        name: float(metric(predictions.labels, predictions.probabilities, weights))
        for name, metric in metrics_of(calibration_bins).items()
    }


def check_both_labels(predictions: Predictions) -> None:
    """Refuse predictions of examples that all have the same label."""
    present = np.unique(predictions.labels)
    if present.size < len(LABELS):
        raise TrainingError(
            f"predictions: expected examples of both labels, found only {LABELS[int(present[0])]} "
            f"among {len(predictions.ids)}; raise its fraction in split.fractions"
        )


def ln(values: np.ndarray) -> np.ndarray:
    """The natural logarithm of positive numbers, float64, the same to the last bit on every processor.

    2 artanh((m - 1) / (m + 1)) as a power series, after a power of two is taken out, so that m is
    between 0.7 and 1.42. Source: Abramowitz & Stegun 1964, 4.1.27.
    """
    mantissas, exponents = np.frexp(values)
    is_small = mantissas < math.sqrt(0.5)
    mantissas, exponents = np.where(is_small, 2 * mantissas, mantissas), exponents - is_small
    ratios = (mantissas - 1) / (mantissas + 1)
    squares, series = ratios * ratios, np.zeros_like(ratios)
    for term in reversed(range(_NUM_LN_TERMS)):
        series = series * squares + 1 / (2 * term + 1)
    return np.asarray(2 * ratios * series + exponents * _LN_2)


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _share(weights @ _whole(values), weights)


def _whole(values: np.ndarray) -> np.ndarray:
    """Values as whole numbers of 2^-36, int64."""
    return np.rint(np.ldexp(values.astype(np.float64), _FRACTION_BITS)).astype(np.int64)


def _share(totals: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of whole numbers, as means over the examples that count."""
    return np.asarray(np.ldexp(totals / weights.sum(axis=-1), -_FRACTION_BITS))
