"""What a phase learns from: images, or the features of a frozen backbone computed once."""

from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.device import spread_over_devices
from pawtrace.learning.inputs.batches import plain_batches, training_batches, untuned
from pawtrace.learning.inputs.features import FeatureCache, compute_features
from pawtrace.learning.networks.model import Classifier
from pawtrace.learning.progress import Progress


class PhaseInput(Protocol):
    """The input of a phase and the model that takes it."""

    model: keras.Model
    validation: tf.data.Dataset
    reads_images: bool  # whether each batch goes through the backbone

    def batches(self, epoch: int, first_step: int) -> tf.data.Dataset:
        """Shuffled batches of inputs and labels (b, 1) of an epoch, from a step on."""


class ImageInput:
    """Augmented images for the whole classifier."""

    reads_images = True

    def __init__(
        self, train: TrainParams, records: dict[str, Records], view: View, classifier: Classifier, _: Progress
    ) -> None:
        """Nothing is computed ahead."""
        self.model = classifier.whole
        self._train, self._records, self._view = train, records["train"], view
        self.validation = plain_batches(
            records["validation"], size_px=train.image_size_px, batch_size=train.batch_size
        )

    def batches(self, epoch: int, first_step: int) -> tf.data.Dataset:
        """Images uint8 (b, s, s, 3) and labels."""
        train = self._train
        return training_batches(
            self._records,
            self._view,
            size_px=train.image_size_px,
            batch_size=train.batch_size,
            seed=train.seed,
            epoch=epoch,
            first_step=first_step,
            mixup_alpha=train.mixup_alpha,
        )


class FeatureInput:
    """Features of `num_views` augmented views for the head alone."""

    reads_images = False

    def __init__(
        self,
        train: TrainParams,
        records: dict[str, Records],
        view: View,
        classifier: Classifier,
        progress: Progress,
        path: Path,
    ) -> None:
        """Compute the features, unless a run that was broken off has left them at `path`."""
        self.model = classifier.head
        self._train, self._trunk, self._progress = train, classifier.trunk, progress
        num_features = self._trunk.output_shape[-1]
        self._cache = FeatureCache(path, records["train"].labels, train.num_views, num_features)
        if not self._cache.is_filled:
            self._fill(records["train"], view)
        validation = self._trunk.predict(plain_batches(records["validation"], **self._sizes()), verbose=0)
        labels = records["validation"].labels[:, None].astype(np.float32)
        batches = tf.data.Dataset.from_tensor_slices((validation, labels)).batch(train.batch_size)
        self.validation = untuned(batches)

    def batches(self, epoch: int, first_step: int) -> tf.data.Dataset:
        """Features float32 (b, f) and labels."""
        train = self._train
        return self._cache.batches(
            batch_size=train.batch_size,
            seed=train.seed,
            epoch=epoch,
            first_step=first_step,
            mixup_alpha=train.mixup_alpha,
        )

    def _fill(self, records: Records, view: View) -> None:
        def of_view(number: int, out: np.ndarray) -> None:
            batches = spread_over_devices(plain_batches(records, view=view, **self._sizes(), epoch=number))
            title = f"features, view {number + 1} of {self._train.num_views}"
            compute_features(self._trunk, self._progress.timed(batches, are_images=True), out, title)

        self._cache.fill(of_view)

    def _sizes(self) -> dict[str, Any]:
        return {"size_px": self._train.image_size_px, "batch_size": self._train.batch_size}
