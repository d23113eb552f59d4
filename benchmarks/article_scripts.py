"""The article's three recipes as scripts in today's Keras, and what `pawtrace diagnose` says of their models.

    python -m benchmarks.article_scripts PHOTOS WEIGHTS FOLDER

PHOTOS: an archive of cats and dogs; WEIGHTS: vgg16_imagenet_notop.weights.h5; FOLDER: where photos, models
and histories go. The article: 224 px, 20 epochs. Here: 96 px, 1,000 photos, 4 epochs: minutes on two cores.
"""

import sys
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from pawtrace.config.sections import LABELS
from pawtrace.foreign.diagnosing import diagnose
from pawtrace.foreign.reading.photos import Photos, read_photos

SIZE_PX, BATCH_SIZE, NUM_EPOCHS = 96, 32, 4
NUM_OF_SPLIT = {"train": 600, "validation": 150, "test": 250}
AUGMENTATION = {  # the third recipe's
    "shear_range": 0.2, "zoom_range": 0.2, "horizontal_flip": True,
    "rotation_range": 20, "width_shift_range": 0.2, "height_shift_range": 0.2,
}  # fmt: skip


def main() -> None:
    """Train the three, and ask about each."""
    archive, weights, folder = map(Path, sys.argv[1:])
    write_photos(read_photos(archive), folder)
    for number in (1, 2, 3):
        model = folder / f"recipe{number}.keras"
        if not model.exists():
            train(number, weights, folder, model)
        found = diagnose(model, folder / "test", folder / "train", model.with_suffix(".csv"), say=print)
        print(f"\n=== recipe {number}\n{found.text}\n", flush=True)


def write_photos(photos: Photos, folder: Path) -> None:
    """Write photos as the article has them: a folder for each split, in it one for each class."""
    rows = iter(zip(photos.labels, photos.encoded, strict=True))
    for split, count in NUM_OF_SPLIT.items():
        for number in range(count):
            label, encoded = next(rows)
            path = folder / split / LABELS[label] / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded)


def train(number: int, weights: Path, folder: Path, model_path: Path) -> None:
    """Train the article's recipe of this number; leave the model and, beside it, its history."""
    keras.utils.set_random_seed(0)
    backbone = keras.applications.VGG16(include_top=False, weights=None, input_shape=(SIZE_PX, SIZE_PX, 3))
    backbone.trainable = number > 1
    if number > 1:
        backbone.load_weights(weights)
    head = [layers.Flatten(), layers.Dense(256, activation="relu")]
    head += [layers.Dropout(0.5)] if number == 3 else []
    model = keras.Sequential([backbone, *head, layers.Dense(1, activation="sigmoid")])
    rate = 1e-4 if number == 1 else 1e-5
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    model.fit(
        images(folder / "train", **(AUGMENTATION if number == 3 else {})),
        validation_data=images(folder / "validation"),
        epochs=NUM_EPOCHS,
        callbacks=[keras.callbacks.CSVLogger(str(model_path.with_suffix(".csv")))],
        verbose=2,
    )
    model.save(model_path)


def images(folder: Path, **augmentation: Any) -> Any:
    """The photos of a folder, x 1/255, in batches."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(rescale=1 / 255, **augmentation)
    return generator.flow_from_directory(
        str(folder), (SIZE_PX, SIZE_PX), batch_size=BATCH_SIZE, class_mode="binary", seed=0
    )


if __name__ == "__main__":
    main()
