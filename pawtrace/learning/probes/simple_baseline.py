"""Whether the labels have anything to do with the pictures, to the simplest eyes.

A linear classifier on histograms of gradients, cross-validated on train: no network is asked, so
that a network which learns nothing can be told from labels which say nothing.
"""

from typing import Any

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.probes.sample import balanced_sample

_SIDE_PX = 64
_CELL_PX = 8
_NUM_DIRECTIONS = 9
_NUM_EXAMPLES = 1500  # at most: enough to tell 54 % from guessing
_NUM_FOLDS = 5
_REGULARISATION = 0.001  # scikit-learn's C: small, as there are more features than examples


def simple_baseline(records: Records, seed: int) -> dict[str, Any]:
    """How well a linear classifier does on other examples of train than it saw.

    Args:
      records: of the train split.
      seed: which examples, where there are more than are needed.
    Returns:
      `num_examples`, and `num_right`: of them, each predicted by a classifier that was fitted without it.
    Source of the features: Dalal & Triggs 2005, "Histograms of oriented gradients".
    """
    sample = balanced_sample(records, _SIDE_PX, min(_NUM_EXAMPLES, len(records)), seed)
    features = np.stack([_gradient_histograms(image) for image in sample.images])
    labels = sample.labels.ravel().astype(np.int64)
    num_folds = min(_NUM_FOLDS, int(np.bincount(labels).min()))
    if num_folds < 2:
        return {"num_examples": len(labels), "num_right": 0}
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=_REGULARISATION, max_iter=500))
    predicted = cross_val_predict(classifier, features, labels, cv=num_folds)
    return {"num_examples": len(labels), "num_right": int((predicted == labels).sum())}


def _gradient_histograms(image: np.ndarray) -> np.ndarray:
    """Of each cell, how strong edges of each direction are: float64 (cells x directions,)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)
    down, right = np.gradient(grey)
    direction = np.arctan2(down, right) % np.pi  # an edge has no sign
    of_pixel = np.minimum((direction / np.pi * _NUM_DIRECTIONS).astype(int), _NUM_DIRECTIONS - 1)
    strength = np.hypot(down, right)[:, :, None] * (of_pixel[:, :, None] == np.arange(_NUM_DIRECTIONS))
    num_cells = _SIDE_PX // _CELL_PX
    cells = strength.reshape(num_cells, _CELL_PX, num_cells, _CELL_PX, _NUM_DIRECTIONS).sum(axis=(1, 3))
    return np.asarray(np.sqrt(cells / (cells.sum(axis=-1, keepdims=True) + 1.0))).ravel()
