"""Features of a frozen backbone, computed once instead of in every epoch."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from pawtrace.base.files import new_file, reserve
from pawtrace.learning.hosts import agreed, is_chief
from pawtrace.learning.inputs.batches import shuffled_places
from pawtrace.learning.inputs.loader import Batch, mixed
from pawtrace.learning.steps import forward_of


class FeatureCache:
    """Features of `num_views` augmented views of every training example, in a file.

    Epoch e trains on view e modulo `num_views`. Without augmentation one view says it all.
    """

    def __init__(self, path: Path, labels: np.ndarray, num_views: int, num_features: int) -> None:
        """Features for the examples that have these labels, int (n,); the file may exceed memory."""
        self._path = path
        self._labels = labels.astype(np.float32)[:, None]
        self._shape = (num_views, len(labels), num_features)
        self._features = np.load(path, mmap_mode="r") if agreed(path.exists) else None

    @property
    def is_filled(self) -> bool:
        """Whether the features are already computed, perhaps by an interrupted run."""
        return self._features is not None

    def fill(self, compute: Callable[[int, np.ndarray], None]) -> None:
        """Have all views computed: `compute(view, out)` fills float32 (n, f) in place.

        On several hosts, which compute together, the chief writes the file that all read.
        """
        if is_chief():
            self._write(compute)
        else:
            for number in range(self._shape[0]):
                compute(number, np.empty(self._shape[1:], np.float32))
        agreed(self._path.exists)  # written now: the others wait for this answer
        self._features = np.load(self._path, mmap_mode="r")

    def _write(self, compute: Callable[[int, np.ndarray], None]) -> None:
        with new_file(self._path) as partial:
            features = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=self._shape)
            # Now, as an error: a disk that fills up under a memory map kills the process.
            reserve(partial, features.offset)
            for number, view_features in enumerate(features):
                compute(number, view_features)
            features.flush()

    def batches(
        self, *, batch_size: int, seed: int, epoch: int, first_step: int = 0, mixup_alpha: float = 0.0
    ) -> Iterator[Batch]:
        """Shuffled batches of an epoch, in the order of images: float32 (b, f) and labels (b, 1)."""
        features = self._features[epoch % self._shape[0]]  # type: ignore[index]
        for _, numbers in shuffled_places(self._shape[1], batch_size, seed, epoch, first_step):
            key = [seed, epoch, int(numbers[0])]
            yield mixed(np.asarray(features[numbers]), self._labels[numbers], mixup_alpha, key)


def compute_features(
    trunk: keras.Model, batches: Iterable[tuple[Any, Any, int]], out: np.ndarray, title: str
) -> None:
    """Compute what the trunk makes of a whole dataset, with a progress bar.

    Args:
      trunk: uint8 (b, s, s, 3) -> features (b, f).
      batches: images, labels, which are ignored, and the number of examples; n in all.
      out: float32 (n, f), filled in place.
      title: of the progress bar.
    """
    done, forward = 0, forward_of(trunk)
    with tqdm(total=len(out), desc=title, unit=" images", mininterval=1.0, disable=None) as progress:
        for images, _, num_examples in batches:
            # A batch too small to be shared comes back once from each device.
            out[done : done + num_examples] = forward(images)[:num_examples]
            done += num_examples
            progress.update(num_examples)
