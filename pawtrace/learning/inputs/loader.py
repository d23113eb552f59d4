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


@dataclass(frozen=True)
class Loader:
    """Makes batches of images; a copy of it in another process makes the same ones."""

    records: Records
    size_px: int
    view: View | None = None  # augments an image
    mixup_alpha: float = 0.0
    seed: int = 0  # of mixing

    def load(self, place: Place) -> Batch:
        """Decode, crop, augment and mix the images of a batch: uint8 (b, size_px, size_px, 3), RGB."""
        examples = [self.records[number] for number in place.numbers]
        images = [square(example, self.size_px) for example in examples]
        if self.view is not None:
            ids = [example.id for example in examples]
            images = [self.view(image, id, place.epoch) for image, id in zip(images, ids, strict=True)]
        labels = self.records.labels[place.numbers, None].astype(np.float32)
        key = [self.seed, place.epoch, int(place.numbers[0])]
        return mixed(np.stack(images), labels, self.mixup_alpha, key)


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
    random = np.random.default_rng(key)
    share = np.float32(random.beta(alpha, alpha))
    partner = random.permutation(len(inputs))
    blend = share * inputs + (1 - share) * inputs[partner]
    if inputs.dtype == np.uint8:
        blend = np.rint(blend)
    return blend.astype(inputs.dtype), share * labels + (1 - share) * labels[partner]
