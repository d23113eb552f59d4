"""How long it takes to 97 % on unseen photos: a frozen MobileNetV2 against the article's second recipe.

Both train in one run on the same photos, at 224 px, in the same precision. The clock starts when the photos
are in memory, and counts the features of the frozen network, but not the validation after each epoch.
Run: python -m benchmarks.time_to_accuracy PHOTOS MOBILENET VGG16 [MINUTES]
PHOTOS: a zip of photos in folders Cat and Dog; MOBILENET, VGG16: ImageNet's weights without the top layer,
as keras.applications saves them; MINUTES: limit of the second recipe (default: until its 20 epochs end).
"""

import math
import os
import sys
import time
from itertools import islice
from typing import Any

import cv2
import keras
import numpy as np

from benchmarks.photos import photos

SIZE_PX, BATCH_SIZE, TARGET = 224, 32, 0.97
NUM_TRAIN, NUM_UNSEEN = 3500, 1000


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Counts the time of training epochs; ends the training at the target or at a limit."""

    def __init__(self, limit_s: float = math.inf, spent_s: float = 0.0) -> None:
        """`spent_s` was needed before the training."""
        super().__init__()
        self.limit_s, self.spent_s, self.reached_s, self.best = limit_s, spent_s, math.inf, 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start."""
        del epoch, logs
        self._start = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        """Stop: the epoch's training is over."""
        del logs
        self.spent_s += time.perf_counter() - self._start

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look how good the model is."""
        self.best = max(self.best, logs["val_accuracy"])
        print(
            f"  epoch {epoch + 1}: {self.spent_s:.0f} s, {logs['val_accuracy']:.1%} on unseen photos",
            flush=True,
        )
        if logs["val_accuracy"] >= TARGET:
            self.reached_s = self.spent_s
        self.model.stop_training = self.reached_s < math.inf or self.spent_s > self.limit_s


def main() -> None:
    """Train both, and print the times and their ratio."""
    archive, mobilenet, vgg16, *minutes = sys.argv[1:]
    keras.config.set_dtype_policy("mixed_bfloat16")
    images, labels = read(archive)
    print("MobileNetV2, frozen, its own input scaling, averaged features, Dense 256, Dense 1")
    frozen = of_frozen(mobilenet, images, labels)
    print(
        "the article's second recipe: VGG16, all trainable, x 1/255, Flatten, Dense 256, Dense 1, Adam 1e-5"
    )
    limit_s = 60 * float(minutes[0]) if minutes else math.inf
    article = of_article(vgg16, images, labels, limit_s)
    print("\n| way | seconds to 97 % | best on unseen photos | seconds |\n|---|---:|---:|---:|")
    for name, clock in (("frozen MobileNetV2", frozen), ("article's second recipe", article)):
        print(f"| {name} | {clock.reached_s:.0f} | {clock.best:.1%} | {clock.spent_s:.0f} |")
    word = "" if article.reached_s < math.inf else "more than "
    print(f"\nThe frozen network is {word}{article.spent_s / frozen.reached_s:.0f} times as fast.")


def read(archive: str) -> tuple[np.ndarray, np.ndarray]:
    """Photos, uint8 (n, s, s, 3), and labels, float32 (n, 1): 1 for a dog."""
    os.environ["PAWTRACE_PETS_ARCHIVE"] = archive  # which `photos` reads
    pairs = list(islice(photos(), NUM_TRAIN + NUM_UNSEEN))
    images = [cv2.resize(image, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC) for image, _ in pairs]
    return np.stack(images), np.array([[label] for _, label in pairs], np.float32)


def of_frozen(weights: str, images: np.ndarray, labels: np.ndarray) -> Clock:
    """Train a head on the features of a frozen MobileNetV2."""
    keras.utils.set_random_seed(0)
    trunk = keras.Sequential([keras.layers.Rescaling(1 / 127.5, -1), mobilenet_v2(weights)])
    trunk.add(keras.layers.GlobalAveragePooling2D(dtype="float32"))
    start = time.perf_counter()
    train = trunk.predict(images[:NUM_TRAIN], batch_size=BATCH_SIZE, verbose=0)
    clock = Clock(spent_s=time.perf_counter() - start)
    unseen = trunk.predict(images[NUM_TRAIN:], batch_size=BATCH_SIZE, verbose=0)
    fit(keras.Sequential(head()), keras.optimizers.Adam(5e-4), train, unseen, labels, clock)
    return clock


def of_article(weights: str, images: np.ndarray, labels: np.ndarray, limit_s: float) -> Clock:
    """Train as the article's second recipe says."""
    keras.utils.set_random_seed(0)
    vgg16 = keras.applications.VGG16(include_top=False, weights=None, input_shape=(SIZE_PX, SIZE_PX, 3))
    vgg16.load_weights(weights)
    model = keras.Sequential([keras.layers.Rescaling(1 / 255), vgg16, keras.layers.Flatten(), *head()])
    clock = Clock(limit_s)
    fit(model, keras.optimizers.Adam(1e-5), images[:NUM_TRAIN], images[NUM_TRAIN:], labels, clock)
    return clock


def mobilenet_v2(weights: str) -> keras.Model:
    """MobileNetV2 without its top layer, with weights of a file."""
    network = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(SIZE_PX, SIZE_PX, 3)
    )
    network.load_weights(weights)
    return network


def head() -> list[keras.layers.Layer]:
    """The article's head, after the features."""
    dense = keras.layers.Dense(256, activation="relu")
    return [dense, keras.layers.Dense(1, activation="sigmoid", dtype="float32")]


def fit(
    model: keras.Model,
    optimizer: keras.Optimizer,
    train: np.ndarray,
    unseen: np.ndarray,
    labels: np.ndarray,
    clock: Clock,
) -> None:
    """Train for 20 epochs, or until the clock says stop."""
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    model.fit(
        train,
        labels[:NUM_TRAIN],
        batch_size=BATCH_SIZE,
        validation_data=(unseen, labels[NUM_TRAIN:]),
        epochs=20,
        callbacks=[clock],
        verbose=0,
    )


if __name__ == "__main__":
    main()
