"""One batch of images, made from the numbers of its examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pawtrace.dataset.examples.pixels import View, square
from pawtrace.dataset.examples.shards import Records

Batch = tuple[np.ndarray, np.ndarray]  # inputs (b, ...) and labels float32 (b, 1): 1 for a dog


class Place(NamedTuple):
    """Which batch: all that it depends on, besides what is the same for all batches."""

    epoch: int
    numbers: np.ndarray  # of its examples, int64 (b,)


class Part(NamedTuple):
    """Which part of each batch a process makes: that of some of the devices that share it."""

    first: int = 0
    end: int = 1  # behind the last of them
    num_devices: int = 1

    def rows(self, num_examples: int) -> np.ndarray:
        """The numbers of its rows, int64; all rows of a batch that cannot be shared evenly."""
        if num_examples % self.num_devices:
            return np.arange(num_examples)
        each = num_examples // self.num_devices
        return np.arange(self.first * each, self.end * each)


_WHOLE = Part()


@dataclass(frozen=True)
class Loader:
    """Makes batches of images; a copy of it in another process makes the same ones."""

    records: Records
    size_px: int
    view: View | None = None  # augments an image
    mixup_alpha: float = 0.0
    seed: int = 0  # of mixing
    part: Part = _WHOLE

    def load(self, place: Place) -> Batch:
        """Decode, crop, augment and mix the images of a batch: uint8 (b, size_px, size_px, 3), RGB.

        Images that are not of this process's part, nor mixed into one of it, are left black.
        """
        num_examples = len(place.numbers)
        key = [self.seed, place.epoch, int(place.numbers[0])]
        rows = self.part.rows(num_examples)
        if self.mixup_alpha:
            rows = np.union1d(rows, _mixing(num_examples, self.mixup_alpha, key)[1][rows])
        images = np.zeros((num_examples, self.size_px, self.size_px, 3), np.uint8)
        for row in rows:
            example = self.records[place.numbers[row]]
            image = square(example, self.size_px)
            images[row] = image if self.view is None else self.view(image, example.id, place.epoch)
        labels = self.records.labels[place.numbers, None].astype(np.float32)
        return mixed(images, labels, self.mixup_alpha, key)


def mixed(inputs: np.ndarray, labels: np.ndarray, alpha: float, key: Sequence[int]) -> Batch:
    """Mix each example of a batch with another one of it, labels likewise.

    Args:
      inputs: images or features, (b, ...).
      labels: float32 (b, 1).
      alpha: of the Beta distribution that says how much of each; 0 for the batch as it is.
      key: of the random numbers.
    Returns:
      The mixed batch, dtypes as they were.
    Source: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"; one share a batch, as
    in its reference implementation.
    """
    if not alpha:
        return inputs, labels
    share, partner = _mixing(len(inputs), alpha, key)
    blend = share * inputs + (1 - share) * inputs[partner]
    if inputs.dtype == np.uint8:
        blend = np.rint(blend)
    return blend.astype(inputs.dtype), share * labels + (1 - share) * labels[partner]


def _mixing(num_examples: int, alpha: float, key: Sequence[int]) -> tuple[np.float32, np.ndarray]:
    """How much each example keeps of itself, and the row of the one that the rest is of, int64 (b,)."""
    random = np.random.default_rng(key)
    return np.float32(random.beta(alpha, alpha)), random.permutation(num_examples)
