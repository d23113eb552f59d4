"""Augmented images per second: this pipeline against what people use instead.

All sides read the same 256 px JPEG photos, augment them as the article's third recipe does (shear
0.2, zoom 0.2, flip, rotation 20, shifts 0.2) and yield batches of 32 at 224 px. They take turns, and
the median of the rounds counts. `fit` reads an ImageDataGenerator with one thread; what it does
with a thread a core is shown beside.
Run: python -m benchmarks.input_pipeline   (PAWTRACE_PETS_ARCHIVE names a zip of real photos to use)
"""

import contextlib
import io
import itertools
import os
import statistics
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pawtrace.commands.profile import profile_params
from pawtrace.dataset.examples.pixels import decode, encode_jpeg, resize_shorter_side
from pawtrace.dataset.examples.records import Record, serialize
from pawtrace.dataset.examples.shards import Records, ShardWriter, open_records, write_manifest
from pawtrace.dataset.sources.drawn.picture import draw_picture
from pawtrace.learning.inputs.augmentation import augmented_view
from pawtrace.learning.inputs.batches import plain_batches, training_batches

NUM_IMAGES = 512
RECORD_PX, SIZE_PX, BATCH_SIZE = 256, 224, 32
NUM_ROUNDS = 5
NUM_WORKERS = os.cpu_count() or 1


def photos() -> Iterator[np.ndarray]:
    """Real photos where the environment names an archive of them, else drawn pictures."""
    if archive := os.environ.get("PAWTRACE_PETS_ARCHIVE"):
        with zipfile.ZipFile(archive) as members:
            for name in sorted(name for name in members.namelist() if name.endswith(".jpg")):
                yield decode(members.read(name))
    for number in itertools.count():
        yield draw_picture(number % 2, np.random.default_rng(number))


def write_photos(folder: Path) -> None:
    """Write photos as records and as files in class folders; the labels do not matter here."""
    images = photos()
    counts = {"train": NUM_IMAGES, "validation": 1, "test": 1}
    for split, count in counts.items():
        writer = ShardWriter(folder, split, count, 256)
        for number in range(count):
            label = number % 2
            encoded = encode_jpeg(image := resize_shorter_side(next(images), RECORD_PX), 92)
            writer.write(serialize(Record(f"{number}.jpg", label, encoded), *image.shape[:2]))
            if split == "train":
                place = folder / "files" / ("Cat", "Dog")[label]
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{number}.jpg").write_bytes(encoded)
        writer.close()
    write_manifest(folder, RECORD_PX)


def ours(records: Records) -> int:
    """Ours: records -> OpenCV -> Albumentations -> tf.data."""
    profile = profile_params("cats_vs_dogs").recipe("finetune_augmented").train
    view = augmented_view(profile.augmentation, seed=0)
    batches = training_batches(records, view, size_px=SIZE_PX, batch_size=BATCH_SIZE, seed=0, epoch=0)
    return sum(len(images) for images, _ in batches)


def decoding_alone(records: Records) -> int:
    """Ours without augmentation: the ceiling."""
    return sum(len(images) for images, _ in plain_batches(records, size_px=SIZE_PX, batch_size=BATCH_SIZE))


def image_data_generator(folder: Path, num_threads: int) -> int:
    """Keras's ImageDataGenerator with the settings of the article's third recipe."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(
        rescale=1 / 255,
        shear_range=0.2,
        zoom_range=0.2,
        horizontal_flip=True,
        rotation_range=20,
        width_shift_range=0.2,
        height_shift_range=0.2,
    )
    flow = generator.flow_from_directory(
        str(folder / "files"), (SIZE_PX, SIZE_PX), batch_size=BATCH_SIZE, class_mode="binary"
    )
    with ThreadPoolExecutor(num_threads) as pool:
        return sum(len(images) for images, _ in pool.map(flow.__getitem__, range(len(flow))))


def keras_layers(folder: Path) -> int:
    """tf.data with TensorFlow's decoding and Keras's preprocessing layers."""
    augment = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomShear(0.2, 0.2),
            keras.layers.RandomZoom(0.2),
            keras.layers.RandomRotation(20 / 360),
            keras.layers.RandomTranslation(0.2, 0.2),
        ]
    )

    def load(path: tf.Tensor) -> tf.Tensor:
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.image.resize(image, (SIZE_PX, SIZE_PX))

    paths = sorted(str(path) for path in (folder / "files").rglob("*.jpg"))
    batches = (
        tf.data.Dataset.from_tensor_slices(paths)
        .map(load, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH_SIZE)
        .map(lambda images: augment(images, training=True), num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
    return sum(len(images) for images in batches)


def rates(sides: dict[str, Callable[[], int]]) -> Iterator[tuple[str, list[float]]]:
    """Images per second of each side; the sides take turns, after a round to warm up."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(NUM_ROUNDS + 1):
        for name, side in sides.items():
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                num_images = side()
            if number:
                found[name].append(num_images / (time.perf_counter() - start))
    yield from found.items()


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_photos(folder)
        records = open_records(folder)["train"]
        sides: dict[str, Callable[[], int]] = {
            "ImageDataGenerator": lambda: image_data_generator(folder, 1),
            f"  with {NUM_WORKERS} threads": lambda: image_data_generator(folder, NUM_WORKERS),
            "tf.data + Keras layers": lambda: keras_layers(folder),
            "this pipeline": lambda: ours(records),
            "decoding alone": lambda: decoding_alone(records),
        }
        medians = {}
        for side, found in rates(sides):
            medians[side] = statistics.median(found)
            print(f"{side:24s} {medians[side]:8.0f} images/s  ({min(found):.0f} to {max(found):.0f})")
    ratio = medians["this pipeline"] / medians["ImageDataGenerator"]
    print(f"this pipeline / ImageDataGenerator: {ratio:.1f}")


if __name__ == "__main__":
    main()
