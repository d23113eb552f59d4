"""One run: train a classifier through its phases and keep the best epoch.

Arrives: a recipe's params and the checked records. Leaves, in a working folder: model.keras,
history.csv, dvclive/ and, last of all, training.json, whose presence says that the run finished.
"""

import math
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from dvclive import Live

from pawtrace.config.files import new_file, write_json
from pawtrace.config.params import ResolvedRecipe
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.dataset.shards import Records
from pawtrace.learning.augmentation import View, augmented_view
from pawtrace.learning.batches import plain_batches, training_batches
from pawtrace.learning.device import Compute
from pawtrace.learning.features import FeatureCache, compute_features
from pawtrace.learning.history import Recorder, write_history
from pawtrace.learning.model import Classifier, build_classifier
from pawtrace.learning.phases import learning_rate_of, set_trainable

FINISHED = "training.json"


class Run:
    """The training of one recipe with one seed."""

    def __init__(self, train: TrainParams, records: dict[str, Records], work: Path) -> None:
        """Build the model; `work` is an empty folder."""
        self.train, self.records, self.work = train, records, work
        self.classifier: Classifier = build_classifier(train)
        for phase in train.phases:
            set_trainable(self.classifier.backbone, phase.trainable)  # refuses a wrong name before any work
        self.view: View = augmented_view(train.augmentation, train.seed)
        live = Live(str(work / "dvclive"), save_dvc_exp=False, dvcyaml=None, report=None)
        self.live = live
        self.recorder = Recorder(self.classifier.whole, live)

    def fit(self) -> None:
        """Train through all phases; the model ends with its best epoch's weights."""
        for number, phase in enumerate(self.train.phases):
            self.recorder.phase = number
            set_trainable(self.classifier.backbone, phase.trainable)
            if phase.trainable == "none":
                self._fit_head(phase)
            else:
                self._fit_whole(phase)
            self.recorder.restore_best()
        self.live.end()

    def _fit_whole(self, phase: Phase) -> None:
        train = self.train
        batches = training_batches(
            self.records["train"],
            self.view,
            size_px=train.image_size_px,
            batch_size=train.batch_size,
            seed=train.seed,
            epochs=self._epochs(phase),
        )
        self._fit(self.classifier.whole, batches, self._plain("validation"), phase)

    def _fit_head(self, phase: Phase) -> None:
        train, trunk, records = self.train, self.classifier.trunk, self.records
        validation = np.empty((len(records["validation"]), trunk.output_shape[-1]), np.float32)
        compute_features(trunk, self._plain("validation"), validation, "features, validation")
        labels = records["validation"].labels[:, None].astype(np.float32)
        shape = (train.num_views, len(records["train"]), trunk.output_shape[-1])
        with FeatureCache(self.work / "features.npy", *shape) as cache:
            start = time.perf_counter()
            cache.fill(trunk, records["train"], self.view, batch_size=train.batch_size)
            self.recorder.training_s += time.perf_counter() - start
            self._fit(
                self.classifier.head,
                cache.batches(batch_size=train.batch_size, seed=train.seed, epochs=self._epochs(phase)),
                tf.data.Dataset.from_tensor_slices((validation, labels)).batch(train.batch_size),
                phase,
            )

    def _fit(
        self, model: keras.Model, batches: tf.data.Dataset, validation: tf.data.Dataset, phase: Phase
    ) -> None:
        # A second model of the same layers: the optimizer's state stays out of the saved one.
        model = keras.Model(model.inputs, model.outputs)
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=learning_rate_of(phase, self.train)),
            loss=keras.losses.BinaryCrossentropy(),
            metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
            # On TensorFlow's CPU kernels XLA mostly slows training down; other backends decide.
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )
        epochs = self._epochs(phase)
        callbacks: list[keras.callbacks.Callback] = [self.recorder]
        if self.train.early_stopping is not None:
            callbacks.append(
                keras.callbacks.EarlyStopping(
                    "val_loss", **self.train.early_stopping.model_dump(), mode="min"
                )
            )
        model.fit(
            batches,
            validation_data=validation,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            steps_per_epoch=-(-len(self.records["train"]) // self.train.batch_size),
            callbacks=callbacks,
            shuffle=False,  # the batches are shuffled already
            verbose="auto",
        )

    def _epochs(self, phase: Phase) -> range:
        first = len(self.recorder.rows)
        return range(first, first + phase.num_epochs)

    def _plain(self, split: str) -> tf.data.Dataset:
        return plain_batches(
            self.records[split], size_px=self.train.image_size_px, batch_size=self.train.batch_size
        )


def train_classifier(
    recipe: ResolvedRecipe, records: dict[str, Records], work: Path, compute: Compute
) -> None:
    """Train a recipe and write what came of it into `work`.

    Args:
      recipe: what to train.
      records: of all splits, checked.
      work: an empty folder.
      compute: what `prepare_compute` chose.
    Raises:
      TrainingError: the backbone is unusable, or a loss is not finite.
    """
    start = time.perf_counter()
    run = Run(recipe.train, records, work)
    run.fit()
    whole = run.classifier.whole
    with new_file(work / "model.keras") as partial:
        whole.save(partial)
    write_history(work / "history.csv", run.recorder.rows)
    num_images = len(run.recorder.rows) * len(records["train"])
    write_json(
        work / FINISHED,
        {
            "recipe": recipe.name,
            "best_epoch": run.recorder.best_epoch,
            "num_epochs": len(run.recorder.rows),
            "duration_s": round(time.perf_counter() - start, 3),
            "images_per_s": round(num_images / run.recorder.training_s, 1),
            "device": compute.device,
            "precision": compute.precision,
            "num_weights": whole.count_params(),
            "num_trainable_weights": sum(math.prod(weight.shape) for weight in whole.trainable_weights),
        },
    )
