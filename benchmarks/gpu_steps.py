"""The measurements of benchmarks.gpu: python -m benchmarks.gpu_steps STEP runs one and prints its result.

`benchmarks.gpu` sets KERAS_BACKEND.
"""

import contextlib
import itertools
import json
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.gpu_sizes import SIZES, Sizes
from benchmarks.photos import photo_records
from pawtrace.config.params import merged
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.evaluation.metrics import measure
from pawtrace.evaluation.predictions import Predictions
from pawtrace.learning.device import (
    Compute,
    choose_compute,
    num_gpus,
    prepare_compute,
    spread_over_devices,
)
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.inputs.batches import shuffled_places
from pawtrace.learning.inputs.loader import Batch, Loader
from pawtrace.learning.inputs.workers import workers_for
from pawtrace.learning.learner import Learner, numbers_of
from pawtrace.learning.networks.model import Classifier, build_classifier
from pawtrace.learning.networks.phases import set_trainable
from pawtrace.learning.predict import load_classifier, predict
from pawtrace.learning.progress import Progress
from pawtrace.learning.steps import MAX_IN_FLIGHT, forward_of
from pawtrace.learning.training import train_classifier
from pawtrace.setup.profiles import profile_params

PHASE = Phase(trainable="all", num_epochs=1000)
Row = dict[str, Any]


def measured(name: str) -> Row:
    """Measure one step, in this process."""
    kind, *settings = name.split("/")
    device = choose_compute(vgg16("float32", 1)).device
    sizes = SIZES[device]
    if kind == "product":
        return {"tflops": product_flops(settings[0], sizes) / 1e12}
    if kind == "recipe":
        return small_recipe(settings[0], sizes)
    train = vgg16(settings[0], int(settings[1]), sizes.image_px)
    compute = prepared(train, deterministic=kind == "deterministic")
    if kind == "frozen":
        return frozen_features(train, sizes)
    if kind == "records":
        row = rate_on_records(train, settings[2], compute, sizes)
    else:
        row = training_rate(train, compute, itertools.repeat(random_batch(train)), sizes)
    return row | {"peak_memory_gib": peak_memory_gib()}


def prepared(train: TrainParams, *, deterministic: bool) -> Compute:
    """One device; deterministic on TensorFlow as pawtrace trains there, on JAX by `run_step`'s flag."""
    if deterministic:
        return prepare_compute(train)._replace(num_devices=1)
    compute = choose_compute(train)._replace(num_devices=1)
    policy = "float32" if compute.precision == "float32" else f"mixed_{compute.precision}"
    keras.config.set_dtype_policy(policy)
    return compute


def vgg16(precision: str, batch_size: int, image_px: int = 224) -> TrainParams:
    """VGG16 as the article's second recipe has it, from random weights: what counts is its speed."""
    changes = {
        "image_size_px": image_px,
        "backbone": "vgg16",
        "weights": None,
        "precision": precision,
        "device": "auto",
        "xla": "auto",
        "batch_size": batch_size,
        "phases": [PHASE.model_dump()],
        "head": {"pooling": "flatten", "units": [256], "dropout": 0.0},
    }
    return TrainParams.model_validate(merged(profile_params("sample").train.model_dump(), changes))


def product_flops(precision: str, sizes: Sizes) -> float:
    """Floating-point operations a second of products of two square matrices."""
    n = sizes.matrix
    random = np.random.default_rng(0)
    a, b = (keras.ops.cast(random.standard_normal((n, n), np.float32), precision) for _ in range(2))

    def products(count: int) -> float:
        start, result = time.perf_counter(), a
        for _ in range(count):
            result = keras.ops.matmul(a, b)
        keras.ops.convert_to_numpy(result[0, 0])  # waits
        return time.perf_counter() - start

    products(3)
    count = max(3, round(sizes.measured_s / 4 / (products(10) / 10)))
    return 2 * n**3 * count / products(count)


def random_batch(train: TrainParams) -> Batch:
    """Random images and labels."""
    size_px, random = train.image_size_px, np.random.default_rng(0)
    images = random.integers(0, 256, (train.batch_size, size_px, size_px, 3), np.uint8)
    return images, (np.arange(train.batch_size) % 2).astype(np.float32)[:, None]


def training_rate(train: TrainParams, compute: Compute, batches: Iterable[Batch], sizes: Sizes) -> Row:
    """Train on batches for a while, in the way `fit` does."""
    classifier = build_classifier(train)
    set_trainable(classifier.backbone, PHASE.trainable)
    learner = Learner(train, PHASE, classifier, classifier.whole, 1000, compute)
    source = spread_over_devices(batches)
    start = time.perf_counter()
    for inputs, labels, _ in itertools.islice(source, 3):  # compiles
        numbers_of(learner.begin_step(inputs, labels))
    first_steps_s = time.perf_counter() - start
    in_flight, progress, num_images = deque[dict[str, Any]](), Progress(), 0
    start = time.perf_counter()
    for inputs, labels, num_examples in progress.timed(source, are_images=True):
        in_flight.append(learner.begin_step(inputs, labels))
        num_images += num_examples
        if len(in_flight) > MAX_IN_FLIGHT:
            while len(in_flight) > MAX_IN_FLIGHT // 2:
                numbers_of(in_flight.popleft())
        if time.perf_counter() - start >= sizes.measured_s:
            break
    numbers_of(in_flight[-1])  # waits for all that were begun
    spent = time.perf_counter() - start
    images_per_s = num_images / spent
    return {
        "images_per_s": images_per_s,
        "tflops": 3 * forward_flops(classifier) * images_per_s / 1e12,
        "waiting_share": progress.waiting_s / spent,
        "first_steps_s": first_steps_s,
    }


def forward_flops(classifier: Classifier) -> float:
    """Operations of an image's way through all convolutions and dense layers; training takes three times it.

    Source: Kaplan et al. 2020, "Scaling Laws for Neural Language Models", 2.1: the way back takes twice.
    """
    flops = 0.0
    for layer in [*classifier.backbone.layers, *classifier.head.layers]:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            places = np.prod(layer.output.shape[1:-1])  # 1 of a dense layer
            flops += 2 * float(places) * float(np.prod(layer.kernel.shape))
    return flops


def rate_on_records(train: TrainParams, recipe: str, compute: Compute, sizes: Sizes) -> Row:
    """Train on records of photos, augmented as a recipe of the article's ladder does it."""
    policy = profile_params("cats_vs_dogs").recipe(recipe).train.augmentation
    with tempfile.TemporaryDirectory() as folder:
        counts = {"train": sizes.num_records, "validation": 1, "test": 1}
        records = photo_records(Path(folder), counts, max(train.image_size_px, 64))["train"]
        loader = Loader(records, train.image_size_px, AugmentedView(policy, train.seed))
        num_images = len(records) * 1000 if sizes is SIZES["gpu"] else len(records)
        with contextlib.closing(workers_for(loader, train.batch_size, num_images)) as workers:
            epochs = (shuffled_places(len(records), train.batch_size, 0, epoch) for epoch in range(1000))
            batches = workers.batches(itertools.chain.from_iterable(epochs))
            with contextlib.closing(batches):  # type: ignore[type-var]
                return training_rate(train, compute, batches, sizes)


def frozen_features(train: TrainParams, sizes: Sizes) -> Row:
    """What a frozen backbone makes of images."""
    forward, (images, _) = forward_of(build_classifier(train).trunk), random_batch(train)
    forward(images)  # compiles
    start, count = time.perf_counter(), 0
    while (spent := time.perf_counter() - start) < sizes.measured_s:
        forward(images)
        count += len(images)
    return {"images_per_s": count / spent}


def small_recipe(recipe: str, sizes: Sizes) -> Row:
    """Train a recipe of the sample on drawn pictures, and measure it on others."""
    train = profile_params("sample").recipe(recipe).train
    phases = [{"trainable": "all", "num_epochs": sizes.recipe_epochs}]
    train = TrainParams.model_validate(
        train.model_dump() | {"phases": phases, "image_size_px": sizes.recipe_px}
    )
    compute = prepare_compute(train)
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(sys.stderr):
        folder = Path(name)
        records = photo_records(folder / "records", sizes.recipe_counts, train.image_size_px)
        train_classifier(train, records, folder / "work", compute)
        probabilities = predict(load_classifier(folder / "work/model.keras"), records["test"], 64)
        training = json.loads((folder / "work/training.json").read_text())
    predictions = Predictions(records["test"].ids, records["test"].labels, probabilities)
    metrics = {f"test_{name}": value for name, value in measure(predictions, 10).items()}
    return metrics | {name: training[name] for name in ("images_per_s", "waiting_share", "duration_s")}


def peak_memory_gib() -> float | None:
    """The most that the device's memory held; None on a CPU."""
    gib: float = 2**30
    backend = keras.backend.backend()
    if num_gpus() == 0:
        return None
    if backend == "jax":
        import jax

        return float(jax.devices()[0].memory_stats()["peak_bytes_in_use"]) / gib
    if backend == "torch":
        import torch

        return float(torch.cuda.max_memory_allocated()) / gib
    import tensorflow as tf

    return float(tf.config.experimental.get_memory_info("GPU:0")["peak"]) / gib


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1])))
