"""Features of a frozen backbone, computed once instead of in every epoch."""

import collections
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
from tqdm import tqdm

from pawtrace.base.files import new_file, reserve
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.device import own_part, spread_over_devices
from pawtrace.learning.hosts import agreed, is_chief
from pawtrace.learning.inputs.batches import shuffled_places
from pawtrace.learning.inputs.loader import Batch, Loader, Place, mixed
from pawtrace.learning.inputs.workers import workers_for
from pawtrace.learning.progress import Progress
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

    def fill(self, pieces: Iterable[np.ndarray]) -> None:
        """Take the features of all views, one view after the other.

        On several hosts, which compute together, the chief writes the file that all read.

        Args:
          pieces: (k, f), in the order of the examples.
        """
        if is_chief():
            with new_file(self._path) as partial:
                features = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=self._shape)
                # Now, as an error: a disk that fills up under a memory map kills the process.
                reserve(partial, features.offset)
                concatenate_into(features.reshape(-1, self._shape[-1]), pieces)
                features.flush()
        else:
            collections.deque(pieces, maxlen=0)
        agreed(self._path.exists)  # written now: the others wait for this answer
        self._features = np.load(self._path, mmap_mode="r")

    def batches(
        self, *, batch_size: int, seed: int, epoch: int, first_step: int = 0, mixup_alpha: float = 0.0
    ) -> Iterator[Batch]:
        """Shuffled batches of an epoch, in the order of images: float32 (b, f) and labels (b, 1)."""
        features = self._features[epoch % self._shape[0]]  # type: ignore[index]
        for _, numbers in shuffled_places(self._shape[1], batch_size, seed, epoch, first_step):
            key = [seed, epoch, int(numbers[0])]
            yield mixed(np.asarray(features[numbers]), self._labels[numbers], mixup_alpha, key)


class FeatureExtractor(Protocol):
    """Computes features of a split's images with a recipe's trunk."""

    def features(
        self, records: Records, split: str, view: View | None, places: list[Place]
    ) -> Iterator[np.ndarray]:
        """The features of some batches, in their order.

        Args:
          records: of the split.
          split: its name.
          view: augments the images; none for the images as they are.
          places: of the batches.
        Yields:
          (k, f), in the precision of the run.
        """


class LocalExtractor:
    """The trunk, computed by this process."""

    def __init__(self, trunk: keras.Model, train: TrainParams, progress: Progress) -> None:
        """The trunk, uint8 (b, s, s, 3) -> features (b, f); the clock counts training images."""
        self._trunk, self._train, self._progress = trunk, train, progress

    def features(
        self, records: Records, split: str, view: View | None, places: list[Place]
    ) -> Iterator[np.ndarray]:
        """See `FeatureExtractor`."""
        train, forward = self._train, forward_of(self._trunk)
        loader = Loader(records, train.image_size_px, view, part=own_part())
        num_images = sum(len(place.numbers) for place in places)
        with contextlib.closing(workers_for(loader, train.batch_size, num_images)) as workers:
            batches = spread_over_devices(workers.batches(places))
            if split == "train":
                batches = self._progress.timed(batches, are_images=True)
            for images, _, num_examples in batches:
                # A batch too small to be shared comes back once from each device.
                yield forward(images)[:num_examples]


def with_progress(pieces: Iterable[np.ndarray], total: int, title: str) -> Iterator[np.ndarray]:
    """Pass features on, with a progress bar over all `total` images."""
    with tqdm(total=total, desc=title, unit=" images", mininterval=1.0, disable=None) as progress:
        for piece in pieces:
            yield piece
            progress.update(len(piece))


def concatenate_into(out: np.ndarray, pieces: Iterable[np.ndarray]) -> None:
    """Put pieces (k, f) one behind the other into `out`, (n, f)."""
    done = 0
    for piece in pieces:
        out[done : done + len(piece)] = piece
        done += len(piece)
