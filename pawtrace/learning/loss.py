"""The loss: cross-entropy, with smoothed labels and class weights if params say so."""

from typing import Any

import keras
import numpy as np

from pawtrace.config.sections import LABELS
from pawtrace.config.train_params import TrainParams

LabelWeights = tuple[float, float]  # of a cat and of a dog in the loss


def label_weights(train: TrainParams, labels: np.ndarray) -> LabelWeights:
    """How much an example of each label counts in the loss.

    Args:
      train: `class_weights` says whether labels are balanced.
      labels: int (n,) of the train split, 1 for a dog.
    Returns:
      1 and 1; balanced, n / (2 * examples of the label): their mean over the split is 1.
    """
    counts = np.bincount(labels, minlength=len(LABELS))
    if train.class_weights == "none" or counts.min() == 0:
        return 1.0, 1.0
    cat, dog = (len(labels) / (len(LABELS) * counts)).tolist()
    return cat, dog


def build_loss(train: TrainParams, weights: LabelWeights = (1.0, 1.0)) -> keras.losses.Loss:
    """The loss of a recipe; the mean over a batch counts."""
    if weights == (1.0, 1.0):
        return keras.losses.BinaryCrossentropy(label_smoothing=train.label_smoothing)
    return _WeightedCrossentropy(train.label_smoothing, weights)


class _WeightedCrossentropy(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """Binary cross-entropy in which each label has its weight; a mixed label weighs in between."""

    def __init__(self, label_smoothing: float, weights: LabelWeights) -> None:
        super().__init__(name="weighted_crossentropy")
        self._label_smoothing, self._weights = label_smoothing, weights

    def call(self, labels: Any, probabilities: Any) -> Any:
        """The weighted loss of each example, (b,)."""
        losses = keras.losses.binary_crossentropy(
            labels, probabilities, label_smoothing=self._label_smoothing
        )
        dog, (for_cat, for_dog) = keras.ops.squeeze(labels, -1), self._weights
        return losses * (for_cat + (for_dog - for_cat) * dog)
