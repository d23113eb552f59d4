"""Shortcuts: properties other than the animal, such as the brightness, that tell cats from dogs.

Arrives: what the pictures look like, and their labels. Leaves: how well each property alone tells the
label. A model that has learned a shortcut does well on these pictures and fails on others.
Source: Geirhos et al. 2020, "Shortcut Learning in Deep Neural Networks".
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from pawtrace.dataset.splitting.appearance import Appearance
from pawtrace.diagnosis.scores import Score, score_by_label
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.number_words import percent
from pawtrace.results.results import Result

_FOLDS, _MIN_PICTURES = 5, 50  # of each label


class Shortcut(NamedTuple):
    """How well one property alone tells the label, on pictures that the rule was not fitted on."""

    name: str  # of the property
    score: Score

    @property
    def words(self) -> str:
        """A sentence."""
        return (
            f"The {self.name} alone tells the label of {percent(self.score.balanced_accuracy)} of the "
            f"pictures (guessing: 50 %). A model may learn the {self.name} instead of cats and dogs, "
            f"and then fail on other photos."
        )


def striking_shortcuts(data: DataSummary, results: Iterable[Result], limit: float) -> list[Shortcut]:
    """The properties that tell the label of more than this share of the pictures, measurably."""
    labels = {
        id: int(label)
        for result in results
        for predictions in result.predictions.values()
        for id, label in zip(predictions.ids, predictions.labels, strict=True)
    }
    known = [one for id, one in data.appearances.items() if id in labels]
    found = shortcuts_of(known, np.array([labels[one.id] for one in known], int))
    return [one for one in found if one.score.balanced_low > limit]


def shortcuts_of(appearances: Sequence[Appearance], labels: np.ndarray) -> list[Shortcut]:
    """How well each property alone tells the label, the best first.

    Args:
      appearances: of labelled pictures.
      labels: int (n,).
    Returns:
      The score, out of fold, of a small decision tree on each property; nothing of too few pictures.
    """
    if min(np.bincount(labels, minlength=2)) < _MIN_PICTURES:
        return []
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    tree = DecisionTreeClassifier(max_depth=2, min_samples_leaf=10, class_weight="balanced", random_state=0)
    found = []
    for name, values in _properties(appearances).items():
        predicted = cross_val_predict(tree, values[:, None], labels, cv=folds)
        found.append(Shortcut(name, score_by_label(labels, predicted == labels)))
    return sorted(found, key=lambda shortcut: -shortcut.score.balanced_accuracy)


def _properties(appearances: Sequence[Appearance]) -> dict[str, np.ndarray]:
    types = sorted({one.file_type for one in appearances})
    columns = {
        "brightness": [one.brightness for one in appearances],
        "sharpness": [one.sharpness for one in appearances],
        "colourfulness": [one.colour for one in appearances],
        "size": [min(one.width_px, one.height_px) for one in appearances],
        "shape (width : height)": [one.width_px / one.height_px for one in appearances],
        "compression (bytes per pixel)": [
            one.num_bytes / (one.width_px * one.height_px) for one in appearances
        ],
        "file type": [types.index(one.file_type) for one in appearances],
    }
    return {name: np.array(values, np.float64) for name, values in columns.items()}
