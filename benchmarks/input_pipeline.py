"""Augmented images per second: this pipeline against what people use instead, and how it scales.

All sides read the same 256 px JPEG photos, augment them and yield batches of 32 at 224 px; the article's
third recipe (shear 0.2, zoom 0.2, flip, rotation 20, shifts 0.2), then the strongest policy of the
ladder. They take turns, and the median of the rounds counts. `fit` reads an ImageDataGenerator with one
thread; what it does with a thread a core is shown beside. Processes have started before time counts.
Run: python -m benchmarks.input_pipeline   (PAWTRACE_PETS_ARCHIVE names a zip of real photos to use)
"""

import contextlib
import io
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import keras
import tensorflow as tf
from joblib import cpu_count

from benchmarks.photos import photo_records
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.inputs.batches import shuffled_places
from pawtrace.learning.inputs.loader import Loader
from pawtrace.learning.inputs.workers import ProcessWorkers, ThreadWorkers, Workers
from pawtrace.setup.profiles import profile_params

NUM_IMAGES = 512
SIZE_PX, BATCH_SIZE = 224, 32
NUM_ROUNDS = 5
RECIPES = ("finetune_augmented", "strong_augmentation")  # of the article's ladder
Side = Callable[[], int]  # makes all images, and says how many


def loader_of(records: Records, recipe: str | None) -> Loader:
    """Makes a recipe's batches; without one, the images as they are."""
    if recipe is None:
        return Loader(records, SIZE_PX)
    train = profile_params("cats_vs_dogs").recipe(recipe).train
    return Loader(records, SIZE_PX, AugmentedView(train.augmentation, seed=0))


def side_of(workers: Workers) -> Side:
    """Ours: records -> OpenCV -> Albumentations."""
    places = shuffled_places(NUM_IMAGES, BATCH_SIZE, seed=0, epoch=0)
    return lambda: sum(len(images) for images, _ in workers.batches(places))


def kept_decoded(records: Records, recipe: str) -> Side:
    """Augmenting images that are in memory: the most that records of decoded images could bring."""
    view = loader_of(records, recipe).view
    assert view is not None
    images = [(records[n].id, square(records[n], SIZE_PX)) for n in range(NUM_IMAGES)]
    return lambda: sum(view(image, name, 0).shape[0] == SIZE_PX for name, image in images)


def image_data_generator(files: Path, num_threads: int) -> int:
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
        str(files), (SIZE_PX, SIZE_PX), batch_size=BATCH_SIZE, class_mode="binary"
    )
    with ThreadPoolExecutor(num_threads) as pool:
        return sum(len(images) for images, _ in pool.map(flow.__getitem__, range(len(flow))))


def keras_layers(files: Path) -> int:
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

    paths = sorted(str(path) for path in files.rglob("*.jpg"))
    batches = (
        tf.data.Dataset.from_tensor_slices(paths)
        .map(load, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH_SIZE)
        .map(lambda images: augment(images, training=True), num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
    return sum(len(images) for images in batches)


def medians_of(sides: dict[str, Side]) -> dict[str, float]:
    """Images per second of each side, printed; the sides take turns, after a round to warm up."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(NUM_ROUNDS + 1):
        for name, side in sides.items():
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                num_images = side()
            if number:
                found[name].append(num_images / (time.perf_counter() - start))
    for name, rates in found.items():
        print(
            f"  {name:24s} {statistics.median(rates):8.0f} images/s  ({min(rates):.0f} to {max(rates):.0f})"
        )
    return {name: statistics.median(rates) for name, rates in found.items()}


def numbers_of_workers() -> Iterator[int]:
    """1, 2, 4 and so on, and all cores."""
    number = 1
    while number < cpu_count():
        yield number
        number *= 2
    yield cpu_count()


def compare(records: Records, files: Path, recipe: str) -> None:
    """Measure one policy and print."""
    print(recipe)
    with contextlib.ExitStack() as open_workers:

        def started(kind: Callable[[], Workers]) -> Side:
            return side_of(open_workers.enter_context(contextlib.closing(kind())))

        loader = loader_of(records, recipe)
        sides: dict[str, Side] = {}
        for n in numbers_of_workers():
            sides[f"threads {n}"] = started(partial(ThreadWorkers, loader, n))
            sides[f"processes {n}"] = started(partial(ProcessWorkers, loader, BATCH_SIZE, n))
        sides["threads 1, kept decoded"] = kept_decoded(records, recipe)
        if recipe == RECIPES[0]:
            sides["decoding alone"] = started(lambda: ThreadWorkers(loader_of(records, None), cpu_count()))
            sides["ImageDataGenerator"] = lambda: image_data_generator(files, 1)
            sides[f"  with {cpu_count()} threads"] = lambda: image_data_generator(files, cpu_count())
            sides["tf.data + Keras layers"] = lambda: keras_layers(files)
        rates = medians_of(sides)
    one, ours = rates["processes 1"], rates[f"processes {cpu_count()}"]
    print(f"  {cpu_count()} processes / 1: {ours / one:.2f}")
    print(f"  kept decoded / decoded each time: {rates['threads 1, kept decoded'] / rates['threads 1']:.2f}")
    if "ImageDataGenerator" in rates:
        print(f"  {cpu_count()} processes / ImageDataGenerator: {ours / rates['ImageDataGenerator']:.1f}")


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = {"train": NUM_IMAGES, "validation": 1, "test": 1}
        records = photo_records(folder / "records", counts, files=folder / "files")["train"]
        for recipe in RECIPES:
            compare(records, folder / "files", recipe)


if __name__ == "__main__":
    main()
