"""How many examples a model predicts rightly, compared with chance."""

import math
from typing import NamedTuple

import numpy as np

from pawtrace.config.sections import LABELS
from pawtrace.evaluation.intervals import Z, wilson
from pawtrace.evaluation.predictions import Predictions

_BEYOND_DOUBT = 3.0  # standard errors
# A linear classifier on edges is right on 62 to 71 % of real photos; with 40 % wrong labels on 57 %.
_MANY, _A_TRACE = 300, 0.58  # pictures; balanced accuracy
_BY_FITTING = 0.02  # what even a head that learns nothing gains on the pictures that it is fitted to


class Score(NamedTuple):
    """How many examples of each label are predicted rightly, over a split or several together."""

    rights: tuple[int, int]  # of cats and of dogs
    counts: tuple[int, int]

    @property
    def num_right(self) -> int:
        """How many examples are predicted rightly."""
        return sum(self.rights)

    @property
    def num_examples(self) -> int:
        """How many examples there are."""
        return sum(self.counts)

    @property
    def num_errors(self) -> int:
        """How many examples are predicted wrongly."""
        return self.num_examples - self.num_right

    @property
    def accuracy(self) -> float:
        """The share of right predictions."""
        return self.num_right / self.num_examples

    @property
    def chance(self) -> float:
        """The share of the most frequent label: always answering it would reach that."""
        return max(self.counts) / self.num_examples

    @property
    def recalls(self) -> tuple[float, ...]:
        """The share of each label's examples that are predicted rightly; of a label with examples."""
        return tuple(right / count for right, count in zip(self.rights, self.counts, strict=True) if count)

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the recalls: 0.5 for always answering the same."""
        return sum(self.recalls) / len(self.recalls)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson(self.num_right, self.num_examples)

    @property
    def at_chance(self) -> bool:
        """Whether neither accuracy nor balanced accuracy is measurably above that of a constant answer."""
        return self.interval[0] <= self.chance and self.balanced_low <= 1 / len(LABELS)

    @property
    def finds_something(self) -> bool:
        """Whether the balanced accuracy is above chance beyond doubt: by luck once in 700 times."""
        return self._balanced_low(_BEYOND_DOUBT) > 1 / len(LABELS)

    def finds_more_than_a_trace(self, trace: float = _A_TRACE) -> bool:
        """Whether, in addition, it is above a balanced accuracy that means little, if pictures are many."""
        return self.finds_something and (self.num_examples < _MANY or self.balanced_accuracy >= trace)

    @property
    def balanced_low(self) -> float:
        """The lower 95 % bound of the balanced accuracy."""
        return self._balanced_low(Z)

    def _balanced_low(self, z: float) -> float:
        """A bound so many standard errors below, each recall by Agresti & Coull's estimate."""
        shares = [(r + 2) / (n + 4) for r, n in zip(self.rights, self.counts, strict=True)]
        variances = [p * (1 - p) / (n + 4) for p, n in zip(shares, self.counts, strict=True)]
        return sum(shares) / 2 - z * math.sqrt(sum(variances)) / 2


def learned_nothing(train: Score, unseen: Score) -> bool:
    """Whether a model is at chance on its training pictures, and no more than a hair above it otherwise.

    With thousands of training pictures a hair is measurable, and yet means nothing where the model is at
    chance on new ones.
    """
    is_a_hair = train.balanced_accuracy < 1 / len(LABELS) + _BY_FITTING
    return train.at_chance or (unseen.at_chance and is_a_hair)


def score_of(*predictions: Predictions) -> Score:
    """The score over all these predictions together."""
    labels = np.concatenate([split_predictions.labels for split_predictions in predictions])
    predicted = np.concatenate([split_predictions.predicted for split_predictions in predictions])
    return score_by_label(labels, predicted == labels)


def score_by_label(labels: np.ndarray, is_right: np.ndarray) -> Score:
    """The score of examples: labels, int (n,), and whether each is predicted correctly, bool (n,)."""
    counts = np.bincount(labels, minlength=len(LABELS))
    rights = np.bincount(labels[is_right], minlength=len(LABELS))
    return Score((int(rights[0]), int(rights[1])), (int(counts[0]), int(counts[1])))


def is_above(one: float, num_one: int, other: float, num_other: int) -> bool:
    """Whether a share is measurably (95 %) above another of other examples."""
    return difference_low(one, num_one, other, num_other) > 0


def difference_low(one: float, num_one: int, other: float, num_other: int) -> float:
    """The lower 95 % bound of how far a share is above another of other examples.

    Newcombe's hybrid of two Wilson intervals. Source: Newcombe 1998, method 10.
    """
    low, _ = wilson(round(one * num_one), num_one)
    _, high = wilson(round(other * num_other), num_other)
    return one - other - math.hypot(one - low, high - other)


def level_words(*, is_unbalanced: bool) -> str:
    """What `Facts.level` gives, by name."""
    return "mean of the accuracies on cats and on dogs" if is_unbalanced else "accuracy"
