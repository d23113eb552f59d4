"""Duplicates of one picture are one observation, not several: what that makes of a sample's size."""

from collections import Counter
from collections.abc import Iterable


def effective_size(groups: Iterable[str]) -> float:
    """How many independent examples are worth as much as these.

    Examples of one group show the same picture, so that a model is right on all of them or on none: a
    share of examples then has the variance of a share of (sum of sizes)^2 / (sum of squared sizes)
    independent ones. Where a model is right on some of a group only, that is too few, never too many.

    Args:
      groups: the group of each example.
    Source: Kish 1965, "Survey Sampling", section 8.2: the design effect of clusters with correlation 1.
    """
    sizes = Counter(groups).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes)
