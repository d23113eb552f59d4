"""What a phase learns from: images, or the features of a frozen backbone computed once."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.device import own_part, spread_over_devices
from pawtrace.learning.inputs.batches import plain_batches, plain_places, shuffled_places
from pawtrace.learning.inputs.features import FeatureCache, compute_features
from pawtrace.learning.inputs.loader import Batch, Loader
from pawtrace.learning.inputs.workers import workers_for
from pawtrace.learning.networks.model import Classifier
from pawtrace.learning.probes.sample import outputs_of
from pawtrace.learning.progress import Progress


class PhaseInput(Protocol):
    """The input of a phase and the model that takes it."""

    model: keras.Model
    reads_images: bool  # whether each batch goes through the backbone

    def batches(self, epoch: int, first_step: int) -> Iterator[Batch]:
        """Shuffled batches of inputs and labels (b, 1) of an epoch, from a step on."""

    def validation(self) -> Iterator[Batch]:
        """The validation split's batches, in the same form."""

    def of_images(self, images: np.ndarray) -> np.ndarray:
        """What the model takes of some images as they are: uint8 (n, s, s, 3)."""

    def close(self) -> None:
        """End what makes the batches."""


class ImageInput:
    """Augmented images for the whole classifier."""

    reads_images = True

    def __init__(
        self,
        train: TrainParams,
        phase: Phase,
        records: dict[str, Records],
        view: View,
        classifier: Classifier,
    ) -> None:
        """Nothing is computed ahead; whoever makes the batches starts meanwhile."""
        self.model = classifier.whole
        self._train, self._records = train, records
        loader = Loader(
            records["train"], train.image_size_px, view, train.mixup_alpha, train.seed, own_part()
        )
        num_images = len(records["train"]) * phase.num_epochs
        self._workers = workers_for(loader, train.batch_size, num_images)

    def batches(self, epoch: int, first_step: int) -> Iterator[Batch]:
        """Images uint8 (b, s, s, 3) and labels."""
        train, num_examples = self._train, len(self._records["train"])
        places = shuffled_places(num_examples, train.batch_size, train.seed, epoch, first_step)
        return self._workers.batches(places)

    def validation(self) -> Iterator[Batch]:
        """Images as they are, and labels."""
        train = self._train
        return plain_batches(
            self._records["validation"], size_px=train.image_size_px, batch_size=train.batch_size
        )

    def of_images(self, images: np.ndarray) -> np.ndarray:
        """The images."""
        return images

    def close(self) -> None:
        """See `PhaseInput`."""
        self._workers.close()


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
        """Compute the features, unless an interrupted run has left them at `path`."""
        self.model = classifier.head
        self._train, self._trunk, self._progress = train, classifier.trunk, progress
        num_features = self._trunk.output_shape[-1]
        self._cache = FeatureCache(path, records["train"].labels, train.num_views, num_features)
        if not self._cache.is_filled:
            self._fill(records["train"], view)
        self._validation = np.empty((len(records["validation"]), num_features), np.float32)
        images = plain_batches(
            records["validation"], size_px=train.image_size_px, batch_size=train.batch_size
        )
        batches = spread_over_devices(images)
        compute_features(self._trunk, batches, self._validation, "features of validation")
        self._labels = records["validation"].labels[:, None].astype(np.float32)

    def batches(self, epoch: int, first_step: int) -> Iterator[Batch]:
        """Features float32 (b, f) and labels."""
        train = self._train
        return self._cache.batches(
            batch_size=train.batch_size,
            seed=train.seed,
            epoch=epoch,
            first_step=first_step,
            mixup_alpha=train.mixup_alpha,
        )

    def validation(self) -> Iterator[Batch]:
        """Features of images as they are, and labels."""
        for _, numbers in plain_places(len(self._labels), self._train.batch_size):
            yield self._validation[numbers], self._labels[numbers]

    def of_images(self, images: np.ndarray) -> np.ndarray:
        """Their features."""
        return outputs_of(self._trunk, images, self._train.batch_size)

    def close(self) -> None:
        """Nothing is left to end."""

    def _fill(self, records: Records, view: View) -> None:
        train = self._train
        loader = Loader(records, train.image_size_px, view, part=own_part())
        workers = workers_for(loader, train.batch_size, len(records) * train.num_views)

        def of_view(number: int, out: np.ndarray) -> None:
            places = plain_places(len(records), train.batch_size, epoch=number)
            batches: Any = spread_over_devices(workers.batches(places))
            title = f"features, view {number + 1} of {train.num_views}"
            compute_features(self._trunk, self._progress.timed(batches, are_images=True), out, title)

        with contextlib.closing(workers):
            self._cache.fill(of_view)
