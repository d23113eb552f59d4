"""How many examples a model predicts rightly, compared with chance."""

from typing import NamedTuple

import numpy as np

from pawtrace.config.sections import LABELS
from pawtrace.evaluation.intervals import wilson
from pawtrace.evaluation.predictions import Predictions


class Score(NamedTuple):
    """How many examples of a split, or of several together, are predicted rightly."""

    num_right: int
    num_examples: int
    chance: float  # the share of the most frequent label: always answering it would reach that

    @property
    def accuracy(self) -> float:
        """The share of right predictions."""
        return self.num_right / self.num_examples

    @property
    def num_errors(self) -> int:
        """How many examples are predicted wrongly."""
        return self.num_examples - self.num_right

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson(self.num_right, self.num_examples)

    @property
    def at_chance(self) -> bool:
        """Whether the interval reaches down to chance."""
        return self.interval[0] <= self.chance


def score_of(*predictions: Predictions) -> Score:
    """The score over all these predictions together."""
    labels = np.concatenate([split_predictions.labels for split_predictions in predictions])
    predicted = np.concatenate([split_predictions.predicted for split_predictions in predictions])
    most = int(np.bincount(labels, minlength=len(LABELS)).max())
    return Score(int((predicted == labels).sum()), labels.size, most / labels.size)
