"""The difference in accuracy of two models on the same test examples.

Both are right on most examples and wrong on some: only those where just one is right tell them
apart. So a difference can be measured that two separate intervals would hide.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import binomtest

from pawtrace.evaluation.intervals import CONFIDENCE, Z
from pawtrace.evaluation.predictions import Predictions
from pawtrace.results.number_words import points
from pawtrace.results.results import Result


class Difference(NamedTuple):
    """What the accuracy of one model is above that of another. Shares, -1..1; above 0 is better."""

    difference: float
    low: float  # of the 95 % interval
    high: float
    p_value: float  # of McNemar's exact test
    num_examples: int

    @property
    def words(self) -> str:
        """The difference in points with its interval: `+2.1 (-0.3 to +4.5)`."""
        return interval_words(self.difference, self.low, self.high)


class Comparison(NamedTuple):
    """One recipe against another. Differences are of shares, -1..1; above 0 is better."""

    difference: float
    low: float  # of the 95 % interval
    high: float
    p_value: float  # of McNemar's exact test
    verdict: Literal["better", "worse", "tie"]
    within_seeds: bool  # further seeds move the accuracies as far as that

    @property
    def words(self) -> str:
        """The difference in points with its interval: `+2.1 (-0.3 to +4.5)`."""
        return interval_words(self.difference, self.low, self.high)


def compare(result: Result, other: Result) -> Comparison | None:
    """Compare the test accuracy of a recipe with that of another.

    A difference is a tie where the accuracies of their seeds overlap, and where McNemar's test finds
    nothing at 5 %.

    Returns:
      None where the two were not measured on the same examples with the same labels.
    """
    difference = paired_difference(result.predictions["test"], other.predictions["test"])
    if difference is None:
        return None
    within_seeds = _seeds_overlap(result.test_accuracies, other.test_accuracies)
    measurable = difference.p_value < 1 - CONFIDENCE and not within_seeds
    return Comparison(
        difference.difference,
        difference.low,
        difference.high,
        difference.p_value,
        verdict=("better" if difference.difference > 0 else "worse") if measurable else "tie",
        within_seeds=within_seeds,
    )


def paired_difference(ours: Predictions, theirs: Predictions) -> Difference | None:
    """The difference in accuracy of two models on the same examples.

    Returns:
      None where the two are not of the same examples with the same labels.
    """
    right, theirs_right = _right_by_example(ours), _right_by_example(theirs)
    if right.keys() != theirs_right.keys():
        return None
    gained = sum(right[example] and not theirs_right[example] for example in right)
    lost = sum(theirs_right[example] and not right[example] for example in right)
    low, high = paired_interval(gained, lost, len(right))
    return Difference((gained - lost) / len(right), low, high, mcnemar(gained, lost), len(right))


def mcnemar(num_gained: int, num_lost: int) -> float:
    """The two-sided p-value of McNemar's exact test.

    Args:
      num_gained: examples on which only the one is right.
      num_lost: examples on which only the other is right.
    Returns:
      1 where there are none of either.
    Source: McNemar 1947; the exact, binomial form, Fagerland, Lydersen & Laake 2013.
    """
    if num_gained + num_lost == 0:
        return 1.0
    return float(binomtest(num_gained, num_gained + num_lost).pvalue)


def paired_interval(num_gained: int, num_lost: int, num_examples: int) -> tuple[float, float]:
    """The 95 % interval of the difference of two shares of the same examples.

    Wald's interval after adding half an example to each cell of the table of right and wrong.

    Args:
      num_gained: examples on which only the one is right.
      num_lost: examples on which only the other is right.
      num_examples: all examples.
    Returns:
      (low, high) within -1..1.
    Source: Agresti & Min 2005, "Simple improved confidence intervals for comparing matched proportions".
    """
    gained, lost, total = num_gained + 0.5, num_lost + 0.5, num_examples + 2
    centre = (gained - lost) / total
    half = Z * math.sqrt(gained + lost - (gained - lost) ** 2 / total) / total
    return max(-1.0, centre - half), min(1.0, centre + half)


def interval_words(value: float, low: float, high: float) -> str:
    """A difference in points with its interval: `+2.1 (-0.3 to +4.5)`."""
    return f"{points(value)} ({points(low)} to {points(high)})"


def _right_by_example(test: Predictions) -> dict[tuple[str, int], bool]:
    """Whether each example, by id and label, was predicted rightly."""
    right = np.equal(test.predicted, test.labels)
    return {
        (id, int(label)): bool(is_right)
        for id, label, is_right in zip(test.ids, test.labels, right, strict=True)
    }


def _seeds_overlap(ours: tuple[float, ...], theirs: tuple[float, ...]) -> bool:
    several = len(ours) > 1 or len(theirs) > 1
    return several and min(ours) <= max(theirs) and min(theirs) <= max(ours)
