"""A few training examples, as many cats as dogs, and how well a model does on them."""

from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.shards import Records

_EPSILON = 1e-7  # Keras's: how near a probability may come to 0 and 1


class Sample(NamedTuple):
    """Examples at hand, unaugmented."""

    images: np.ndarray  # uint8 (n, s, s, 3), RGB
    labels: np.ndarray  # float32 (n, 1): 1 for a dog
    ids: tuple[str, ...] = ()  # of the examples, where they matter


def balanced_sample(records: Records, size_px: int, num_examples: int, seed: int) -> Sample:
    """The first examples of each label in a shuffled order; fewer than asked for where there are fewer.

    Cats and dogs take turns: batch normalisation in training mode needs both in every batch.

    Args:
      records: of the train split.
      size_px: side of the images, pixels.
      num_examples: of both labels together; a smaller sample is part of a larger one.
      seed: of the order.
    Raises:
      DataError: there is no example of one of the labels.
    """
    order = np.random.default_rng(seed).permutation(len(records))
    shuffled = [order[records.labels[order] == label] for label in range(len(LABELS))]
    half = min(num_examples // len(LABELS), *map(len, shuffled))
    if half == 0:
        sizes = ", ".join(f"{len(numbers)} of {name}" for name, numbers in zip(LABELS, shuffled, strict=True))
        raise DataError(f"train split: expected examples of both labels, found {sizes}; run: dvc repro split")
    chosen = np.stack([numbers[:half] for numbers in shuffled], axis=1).ravel()
    images = np.stack([square(records[int(number)], size_px) for number in chosen])
    ids = tuple(records.ids[int(number)] for number in chosen)
    return Sample(images, records.labels[chosen, None].astype(np.float32), ids)


def plain_sample(records: Records, size_px: int, num_examples: int, seed: int) -> Sample:
    """The first examples in a shuffled order, whatever their labels; all where there are fewer."""
    order = np.random.default_rng(seed).permutation(len(records))[:num_examples]
    images = np.stack([square(records[int(number)], size_px) for number in order])
    ids = tuple(records.ids[int(number)] for number in order)
    return Sample(images, records.labels[order, None].astype(np.float32), ids)


def in_batches(inputs: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Cut (n, ...) into pieces of at most `batch_size`."""
    for start in range(0, len(inputs), batch_size):
        yield inputs[start : start + batch_size]


def outputs_of(model: keras.Model, inputs: np.ndarray, batch_size: int) -> np.ndarray:
    """What a model makes of its inputs in inference mode: float32 (n, ...)."""
    outputs = [model(batch, training=False) for batch in in_batches(inputs, batch_size)]
    return np.concatenate([keras.ops.convert_to_numpy(keras.ops.cast(batch, "float32")) for batch in outputs])


def loss_and_accuracy(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy, nats, and the share of right answers; NaN where a probability is none.

    Args:
      labels: (n, 1), 1 for a dog.
      probabilities: float (n, 1), P(dog).
    """
    if not np.isfinite(probabilities).all():
        return np.nan, np.nan
    likelihoods = np.where(labels == 1, probabilities, 1 - probabilities.astype(np.float64))
    loss = -np.log(np.clip(likelihoods, _EPSILON, 1)).mean()
    return float(loss), float(((probabilities >= 0.5) == (labels == 1)).mean())
