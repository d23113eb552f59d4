"""What a phase learns from: images, or the features of a frozen backbone computed once."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.device import own_part
from pawtrace.learning.inputs.batches import plain_batches, plain_places, shuffled_places
from pawtrace.learning.inputs.features import FeatureCache, FeatureExtractor, concatenate_into, with_progress
from pawtrace.learning.inputs.features_on_cluster import feature_extractor
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
        self._train, self._trunk = train, classifier.trunk
        num_features = self._trunk.output_shape[-1]
        validation = records["validation"]
        self._cache = FeatureCache(path, records["train"].labels, train.num_views, num_features)
        self._validation = np.empty((len(validation), num_features), np.float32)
        self._labels = validation.labels[:, None].astype(np.float32)
        with feature_extractor(self._trunk, train, progress, path.with_name("trunk.keras")) as extractor:
            if not self._cache.is_filled:
                self._cache.fill(self._of_views(extractor, records["train"], view))
            places = plain_places(len(validation), train.batch_size)
            pieces = extractor.features(validation, "validation", None, places)
            pieces = with_progress(pieces, len(validation), "features of validation")
            concatenate_into(self._validation, pieces)

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

    def _of_views(self, extractor: FeatureExtractor, records: Records, view: View) -> Iterator[np.ndarray]:
        num_views, batch_size = self._train.num_views, self._train.batch_size
        by_view = [plain_places(len(records), batch_size, epoch=number) for number in range(num_views)]
        pieces = extractor.features(records, "train", view, list(itertools.chain.from_iterable(by_view)))
        title = f"features of {num_views} views" if num_views > 1 else "features"
        return with_progress(pieces, num_views * len(records), title)
