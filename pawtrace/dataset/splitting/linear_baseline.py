"""Whether the labels have anything to do with the pictures, as seen by the simplest classifier.

A linear classifier on histograms of gradients, cross-validated on train. It involves no network, so it shows
whether the network or the labels are the reason if nothing is learned.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pawtrace.base.ordered import ordered_map
from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.examples.records import Record
from pawtrace.dataset.splitting.splits import Membership

_SIDE_PX = 64
_CELL_PX = 8
_NUM_DIRECTIONS = 9
_MAX_EXAMPLES = 1500  # enough to tell 54 % from guessing
_NUM_FOLDS = 5
_REGULARISATION = 0.001  # scikit-learn's C: small, as there are more features than examples


class Baseline(NamedTuple):
    """How many train examples a linear classifier predicts rightly that was fitted without them."""

    num_examples: int  # as many cats as dogs
    num_right: int


class _Features(NamedTuple):
    id: str
    label: int
    values: np.ndarray


def choose_examples(train: Iterable[Membership], seed: int) -> list[str]:
    """The ids of train examples for the baseline: at most 1,500, as many cats as dogs.

    Only one example of each group: a classifier would know its duplicates in another fold.
    """
    one_of_group = {member.group: member for member in sorted(train, reverse=True)}
    ids_by_label = [sorted(m.id for m in one_of_group.values() if m.label == label) for label in LABELS]
    num_each = min(_MAX_EXAMPLES // len(LABELS), *map(len, ids_by_label))
    random = np.random.default_rng(seed)
    return [ids[number] for ids in ids_by_label for number in random.permutation(len(ids))[:num_each]]


def linear_baseline(raw: Iterable[RawExample], chosen: Sequence[str]) -> Baseline | None:
    """How well a linear classifier does on other train examples than it was fitted to.

    Args:
      raw: examples, the chosen ones among them; only these are decoded.
      chosen: see `choose_examples`.
    Returns:
      None if there are too few examples to measure it.
    Source of the features: Dalal & Triggs 2005, "Histograms of oriented gradients".
    """
    num_folds = min(_NUM_FOLDS, len(chosen) // len(LABELS))
    if num_folds < 2:
        return None
    ids = set(chosen)
    needed = (example for example in raw if example.id in ids)
    features = {f.id: f for f in ordered_map(_features, needed, title="baseline", total=len(chosen))}
    labels = np.array([features[id].label for id in chosen])
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=_REGULARISATION, max_iter=500))
    values = np.stack([features[id].values for id in chosen])
    predicted = cross_val_predict(classifier, values, labels, cv=num_folds)
    return Baseline(len(chosen), int((predicted == labels).sum()))


def _features(example: RawExample) -> _Features:
    image = square(Record(*example), _SIDE_PX)
    return _Features(example.id, example.label, _gradient_histograms(image))


def _gradient_histograms(image: np.ndarray) -> np.ndarray:
    """Of each cell, how strong edges of each direction are: float64 (cells x directions,)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)
    down, right = np.gradient(grey)
    direction = np.arctan2(down, right) % np.pi  # an edge has no sign
    direction_bins = np.minimum((direction / np.pi * _NUM_DIRECTIONS).astype(int), _NUM_DIRECTIONS - 1)
    strength = np.hypot(down, right)[:, :, None] * (direction_bins[:, :, None] == np.arange(_NUM_DIRECTIONS))
    num_cells = _SIDE_PX // _CELL_PX
    cells = strength.reshape(num_cells, _CELL_PX, num_cells, _CELL_PX, _NUM_DIRECTIONS).sum(axis=(1, 3))
    return np.asarray(np.sqrt(cells / (cells.sum(axis=-1, keepdims=True) + 1.0))).ravel()
