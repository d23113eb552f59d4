"""The difference in accuracy of two models on the same test examples, and of two recipes over their seeds.

Both models are right on most examples and wrong on some: only those where just one is right tell them
apart. So a difference can be measured that two separate intervals would hide.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pawtrace.evaluation.predictions import Predictions
from pawtrace.evaluation.significance import (
    holm,
    is_significant,
    paired_estimate,
    sample_of,
    votes_of,
    welch,
)
from pawtrace.results.number_words import points
from pawtrace.results.results import Result


class Difference(NamedTuple):
    """What the accuracy of one model is above that of another. Shares, -1..1; above 0 is better."""

    difference: float
    low: float  # of the 95 % interval
    high: float
    p_value: float  # of McNemar's exact test, duplicates being one example
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
    p_value: float
    verdict: Literal["better", "worse", "tie"]
    num_seeds: tuple[int, int] | None = None  # of each, where their means are compared; None: same pictures
    tie_among: int | None = None  # so many comparisons make a tie of what would be none on its own

    @property
    def words(self) -> str:
        """The difference in points with its interval: `+2.1 (-0.3 to +4.5)`."""
        return interval_words(self.difference, self.low, self.high)


def compare(result: Result, other: Result) -> Comparison | None:
    """Compare the test accuracy of a recipe with that of another.

    With several seeds the means over seeds are compared, by Welch's t-test; with one seed, or where no
    seed differs, the predictions of the same pictures, by McNemar's exact test. A tie is what the test
    does not find at 5 %.

    Returns:
      None where the two were not measured on the same examples with the same labels.
    """
    on_pictures = compare_predictions(result.predictions["test"], other.predictions["test"])
    if on_pictures is None:
        return None
    accuracies = result.test_accuracies, other.test_accuracies
    num_seeds = len(accuracies[0]), len(accuracies[1])
    by_seeds = welch(*map(sample_of, accuracies)) if max(num_seeds) > 1 else None
    if by_seeds is None:
        return on_pictures
    return Comparison(*by_seeds, verdict=_verdict(by_seeds.difference, by_seeds.p_value), num_seeds=num_seeds)


def compare_predictions(ours: Predictions, theirs: Predictions) -> Comparison | None:
    """Compare two models by McNemar's exact test on the same examples.

    Returns:
      None where the two are not of the same examples with the same labels.
    """
    difference = paired_difference(ours, theirs)
    if difference is None:
        return None
    return Comparison(*difference[:4], verdict=_verdict(difference.difference, difference.p_value))


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons, judged as the family that they are.

    Of 20 comparisons of equals, one on average is found to differ at 5 %. With Holm's correction the
    chance of even one such find is 5 %.
    """
    p_values = holm([comparison.p_value for comparison in comparisons])
    return [
        comparison
        if comparison.verdict == "tie" or is_significant(p_value)
        else comparison._replace(verdict="tie", tie_among=len(comparisons))
        for comparison, p_value in zip(comparisons, p_values, strict=True)
    ]


def paired_difference(ours: Predictions, theirs: Predictions) -> Difference | None:
    """The difference in accuracy of two models on the same examples, the duplicates of one being one.

    Returns:
      None where the two are not of the same examples with the same labels.
    """
    right, theirs_right = _right_by_example(ours), _right_by_example(theirs)
    if right.keys() != theirs_right.keys():
        return None
    groups = dict(zip(ours.ids, ours.groups, strict=True))
    votes = votes_of(
        right.values(),
        (theirs_right[example] for example in right),
        (groups[id] for id, _ in right),
    )
    return Difference(*paired_estimate(votes), len(right))


def interval_words(value: float, low: float, high: float) -> str:
    """A difference in points with its interval: `+2.1 (-0.3 to +4.5)`."""
    return f"{points(value)} ({points(low)} to {points(high)})"


def _verdict(difference: float, p_value: float) -> Literal["better", "worse", "tie"]:
    if not is_significant(p_value):
        return "tie"
    return "better" if difference > 0 else "worse"


def _right_by_example(test: Predictions) -> dict[tuple[str, int], bool]:
    """Whether each example, by id and label, was predicted rightly."""
    right = (test.predicted == test.labels).tolist()
    return dict(zip(zip(test.ids, test.labels.tolist(), strict=True), right, strict=True))
