"""Whether a difference is more than chance: between models on the same examples, and between seeds.

Duplicates of one picture are one observation. All sums are exact or correctly rounded, so that the same
data give the same numbers on every processor.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean, variance
from typing import NamedTuple

import numpy as np
from scipy import stats

from pawtrace.evaluation.intervals import CONFIDENCE, TAIL, Z


class Vote(NamedTuple):
    """What the examples of one group of duplicates say about two models."""

    difference: int  # on how many more of them the one is right than the other
    num_examples: int


class Estimate(NamedTuple):
    """A difference with its 95 % interval and the two-sided p-value of there being none."""

    difference: float
    low: float
    high: float
    p_value: float


class Sample(NamedTuple):
    """A metric's values over the seeds of one recipe."""

    mean: float
    variance: float  # with n - 1 below; 0 where there is one value
    size: int


def votes_of(right: Iterable[bool], others_right: Iterable[bool], groups: Iterable[str]) -> list[Vote]:
    """The vote of each group on whether one model or another is right more often.

    Args:
      right: for each example, whether the one model is right.
      others_right: the same for the other model.
      groups: the group of each example.
    """
    differences: dict[str, int] = defaultdict(int)
    sizes: dict[str, int] = defaultdict(int)
    for ours, theirs, group in zip(right, others_right, groups, strict=True):
        differences[group] += ours - theirs
        sizes[group] += 1
    return [Vote(difference, sizes[group]) for group, difference in differences.items()]


def paired_estimate(votes: Sequence[Vote]) -> Estimate:
    """The difference in accuracy of two models on the same examples.

    Args:
      votes: of at least one group.
    """
    difference = sum(vote.difference for vote in votes) / sum(vote.num_examples for vote in votes)
    return Estimate(difference, *_paired_interval(votes), sign_flip_test([vote.difference for vote in votes]))


def sign_flip_test(differences: Sequence[int]) -> float:
    """The two-sided p-value of the sum of differences, if each might as well have the other sign.

    It is exact. If each group has one example, it is McNemar's exact test (McNemar 1947; the binomial form
    of Fagerland, Lydersen & Laake 2013).

    Returns:
      1 where no group differs.
    Source: Fisher 1935, "The Design of Experiments", section 21: the randomisation test of paired data.
    """
    distances = [abs(difference) for difference in differences if difference]
    shares = np.ones(1)  # of all signs, by the sum of the differences: -n, -n + 1, ..., n
    for distance in distances:
        padding = np.zeros(2 * distance)
        shares = 0.5 * np.concatenate([shares, padding]) + 0.5 * np.concatenate([padding, shares])
    total, observed = sum(distances), abs(sum(differences))
    as_far = [*shares[: total - observed + 1], *shares[total + observed :]]
    return min(1.0, math.fsum(as_far))


def welch(ours: Sample, theirs: Sample) -> Estimate | None:
    """The difference of two means over seeds, whose variances may differ.

    If one recipe has a single seed, its variance is taken to be that of the other (Crawford & Howell 1998).

    Returns:
      None where neither recipe's values vary: seeds then say nothing about chance.
    Source: Welch 1947, "The generalization of 'Student's' problem when several different population
      variances are involved".
    """
    if ours.variance == theirs.variance == 0:
        return None
    if 1 in (ours.size, theirs.size):
        shared = ours.variance + theirs.variance  # one of them is 0
        parts = [shared / ours.size, shared / theirs.size]
        freedom: float = ours.size + theirs.size - 2
    else:
        parts = [ours.variance / ours.size, theirs.variance / theirs.size]
        freedom = sum(parts) ** 2 / (parts[0] ** 2 / (ours.size - 1) + parts[1] ** 2 / (theirs.size - 1))
    difference, error = ours.mean - theirs.mean, math.sqrt(sum(parts))
    half = float(stats.t.isf(TAIL, freedom)) * error
    p_value = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    return Estimate(difference, difference - half, difference + half, p_value)


def sample_of(values: Sequence[float]) -> Sample:
    """The sample of one value or more."""
    return Sample(fmean(values), variance(values) if len(values) > 1 else 0.0, len(values))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for being several: below 5 % only where even the first chance find is that rare.

    Args:
      p_values: of all comparisons that are made.
    Returns:
      The adjusted ones, in the same order.
    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def is_significant(p_value: float) -> bool:
    """Whether chance alone makes so large a difference in less than 5 % of cases."""
    return p_value < 1 - CONFIDENCE


def _paired_interval(votes: Sequence[Vote]) -> tuple[float, float]:
    """Wald's interval after adding half an example to each cell of the table of right and wrong.

    Added examples are as large as a group on average (weighted by examples), and the variance is that
    between groups, so that copies of examples change nothing.

    Source: Agresti & Min 2005, "Simple improved confidence intervals for comparing matched proportions";
      groups as in Rao & Scott 1992, "A simple method for the analysis of clustered binary data".
    """
    num_examples = sum(vote.num_examples for vote in votes)
    added = sum(vote.num_examples**2 for vote in votes) / num_examples
    total = num_examples + 2 * added
    centre = sum(vote.difference for vote in votes) / total
    squares = math.fsum((vote.difference - vote.num_examples * centre) ** 2 for vote in votes)
    half = Z * math.sqrt(squares + added**2 * (1 + 2 * centre**2)) / total
    return max(-1.0, centre - half), min(1.0, centre + half)
