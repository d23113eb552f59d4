"""What a frozen backbone makes of the examples, computed once instead of in every epoch."""

import os
from pathlib import Path
from typing import Self

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pawtrace.dataset.shards import Records
from pawtrace.learning.augmentation import View
from pawtrace.learning.batches import epoch_numbers, plain_batches


class FeatureCache:
    """Features of `num_views` augmented views of every training example, in a file.

    Epoch e trains on view e modulo `num_views`. Without augmentation one view says it all.
    """

    def __init__(self, path: Path, num_views: int, num_examples: int, num_features: int) -> None:
        """Make room in a file: it may be larger than memory."""
        shape = (num_views, num_examples, num_features)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._features = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        with path.open("r+b") as file:
            # Now, as an error: a disk that fills up under a memory map kills the process.
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        self._labels = np.zeros(num_examples, np.float32)

    def fill(self, trunk: keras.Model, records: Records, view: View, *, batch_size: int) -> None:
        """Compute all views with the trunk as it is now.

        Args:
          trunk: uint8 (b, s, s, 3) -> features (b, f).
          records: of the train split.
          view: augments an image.
          batch_size: of the computation; changes no result that matters.
        """
        for number, features in enumerate(self._features):
            batches = plain_batches(
                records, size_px=trunk.input_shape[1], batch_size=batch_size, view=view, epoch=number
            )
            title = f"features, view {number + 1} of {len(self._features)}"
            compute_features(trunk, batches, features, title)
        self._labels[:] = records.labels

    def batches(self, *, batch_size: int, seed: int, epochs: range) -> tf.data.Dataset:
        """Shuffled batches of float32 features (b, f) and labels (b, 1), in the order of images."""
        num_views, num_examples, num_features = self._features.shape

        def load(epoch: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return self._features[int(epoch) % num_views, numbers], self._labels[numbers, None]

        def features_and_labels(epoch: tf.Tensor, numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            features, labels = tf.numpy_function(
                load, [epoch, numbers], (tf.float32, tf.float32), stateful=False
            )
            return tf.ensure_shape(features, (None, num_features)), tf.ensure_shape(labels, (None, 1))

        numbers = epoch_numbers(num_examples, batch_size, seed, epochs)
        return numbers.map(features_and_labels).prefetch(tf.data.AUTOTUNE)

    def __enter__(self) -> Self:
        """Use the cache; its file is removed in the end, whatever happens."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


def compute_features(trunk: keras.Model, batches: tf.data.Dataset, out: np.ndarray, title: str) -> None:
    """Compute what the trunk makes of a whole dataset, with a progress bar.

    Args:
      trunk: uint8 (b, s, s, 3) -> features (b, f).
      batches: of n images, with labels, which are ignored.
      out: float32 (n, f), filled in place.
      title: of the progress bar.
    """
    done = 0
    with tqdm(total=len(out), desc=title, unit=" images", mininterval=1.0) as progress:
        for images, _ in batches:
            of_batch = trunk.predict_on_batch(images)
            out[done : done + len(of_batch)] = of_batch
            done += len(of_batch)
            progress.update(len(of_batch))
