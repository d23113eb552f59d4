"""tf.data pipelines from records to batches of square images.

Every epoch's order is a permutation of (seed, epoch), so the state of the input is two numbers:
the epoch and the step. A batch depends on (seed, epoch, its place), not on those before it.
"""

import os
from collections.abc import Sequence

import cv2
import numpy as np
import tensorflow as tf

from pawtrace.dataset.examples.pixels import View, square
from pawtrace.dataset.examples.shards import Records

NUM_PREFETCHED = 2  # batches: one in use, one ready


def training_batches(
    records: Records,
    view: View,
    *,
    size_px: int,
    batch_size: int,
    seed: int,
    epoch: int,
    first_step: int = 0,
    mixup_alpha: float = 0.0,
) -> tf.data.Dataset:
    """Shuffled, augmented batches of one epoch.

    Args:
      records: of the train split, n of them.
      view: augments an image.
      size_px: side of the images, pixels.
      batch_size: examples a batch.
      seed: of the order.
      epoch: its number, counted over all phases.
      first_step: the batch to begin with.
      mixup_alpha: see `mixed`; 0 for none.
    Returns:
      Batches of uint8 (b, size_px, size_px, 3) RGB and float32 (b, 1): 1 for a dog.
    """
    numbers = epoch_numbers(len(records), batch_size, seed, epoch, first_step)
    return _image_batches(numbers, records, size_px, view, (seed, mixup_alpha))


def plain_batches(
    records: Records, *, size_px: int, batch_size: int, view: View | None = None, epoch: int = 0
) -> tf.data.Dataset:
    """Batches in the order of the records: for validation, evaluation and frozen features.

    Args:
      records: of any split.
      size_px: side of the images, pixels.
      batch_size: examples a batch; the last one may be smaller.
      view: augments an image; none for the images as they are.
      epoch: whose views to make.
    Returns:
      Batches of uint8 (b, size_px, size_px, 3) RGB and float32 (b, 1): 1 for a dog.
    """
    numbers = tf.data.Dataset.range(len(records)).batch(batch_size)
    return _image_batches(numbers.map(lambda numbers: (np.int64(epoch), numbers)), records, size_px, view)


def untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The same batches, without the thread by which tf.data tunes itself.

    At a dataset's end that thread may sleep on, and the run with it, for up to a minute: TensorFlow
    wakes it (`CancellationManager::StartCancel`) before it sets the flag that the thread then looks
    at (`Model::OptimizeLoop`). On two cores every other epoch lost nine seconds to it.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def mixed(
    inputs: np.ndarray, labels: np.ndarray, alpha: float, key: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Mix each example of a batch with another one of it, labels likewise.

    Args:
      inputs: images or features, (b, ...).
      labels: float32 (b, 1).
      alpha: of the Beta distribution that says how much of each; 0 for the batch as it is.
      key: of the random numbers.
    Returns:
      The mixed batch, dtypes as they were.
    Source: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"; one share a batch, as
    in its reference implementation.
    """
    if not alpha:
        return inputs, labels
    random = np.random.default_rng(key)
    share = np.float32(random.beta(alpha, alpha))
    partner = random.permutation(len(inputs))
    blend = share * inputs + (1 - share) * inputs[partner]
    if inputs.dtype == np.uint8:
        blend = np.rint(blend)
    return blend.astype(inputs.dtype), share * labels + (1 - share) * labels[partner]


def epoch_numbers(
    num_examples: int, batch_size: int, seed: int, epoch: int, first_step: int
) -> tf.data.Dataset:
    """The shuffled example numbers of an epoch, in batches of one size, from a step on.

    The last batch is filled up with the epoch's first examples. Were it smaller, TensorFlow would
    compile training steps of two shapes, in an order that a resumed run could not repeat, and
    their results differ in the last digits.

    Returns:
      Pairs of the epoch, int64 (), and the numbers of a batch's examples, int64 (b,).
    """
    order = np.random.default_rng([seed, epoch]).permutation(num_examples)
    filled = np.resize(order, -(-num_examples // batch_size) * batch_size)  # repeats from the start
    numbers = tf.data.Dataset.from_tensor_slices(filled[first_step * batch_size :])
    return numbers.batch(batch_size).map(lambda batch: (np.int64(epoch), batch))


def _image_batches(
    numbers: tf.data.Dataset,
    records: Records,
    size_px: int,
    view: View | None,
    mixup: tuple[int, float] = (0, 0.0),  # seed, alpha
) -> tf.data.Dataset:
    def load(epoch: np.ndarray, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        examples = [records[number] for number in batch]
        images = [square(example, size_px) for example in examples]
        if view is not None:
            ids = [example.id for example in examples]
            images = [
                view(image, example_id, int(epoch)) for image, example_id in zip(images, ids, strict=True)
            ]
        labels = records.labels[batch, None].astype(np.float32)
        seed, alpha = mixup
        return mixed(np.stack(images), labels, alpha, [seed, int(epoch), int(batch[0])])

    def images_and_labels(epoch: tf.Tensor, batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = tf.numpy_function(load, [epoch, batch], (tf.uint8, tf.float32), stateful=False)
        return tf.ensure_shape(images, (None, size_px, size_px, 3)), tf.ensure_shape(labels, (None, 1))

    cv2.setNumThreads(0)  # tf.data runs the batches in parallel
    batches = numbers.map(images_and_labels, num_parallel_calls=os.cpu_count(), deterministic=True)
    return untuned(batches.prefetch(NUM_PREFETCHED))
