"""tf.data pipelines from records to batches of square images.

Every epoch's order is a permutation of (seed, epoch), so the state of the input is two numbers:
the epoch and the step.
"""

import cv2
import numpy as np
import tensorflow as tf

from pawtrace.dataset.pixels import decode
from pawtrace.dataset.records import Record
from pawtrace.dataset.shards import Records
from pawtrace.learning.augmentation import View


def square(record: Record, size_px: int) -> np.ndarray:
    """Decode a record, cut its central square and scale that.

    Args:
      record: its image's shorter side has at least `size_px` pixels.
      size_px: side of the result, pixels.
    Returns:
      uint8 (size_px, size_px, 3), RGB.
    """
    image = decode(record.encoded)
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    image = image[top : top + side, left : left + side]
    if side != size_px:
        # Below a factor of 2 bilinear sampling skips no pixel, and it is four times as fast.
        interpolation = cv2.INTER_LINEAR if side < 2 * size_px else cv2.INTER_AREA
        image = cv2.resize(image, (size_px, size_px), interpolation=interpolation)
    return np.ascontiguousarray(image)


def training_batches(
    records: Records, view: View, *, size_px: int, batch_size: int, seed: int, epochs: range
) -> tf.data.Dataset:
    """Shuffled, augmented batches of one epoch after the other.

    Args:
      records: of the train split, n of them.
      view: augments an image.
      size_px: side of the images, pixels.
      batch_size: examples a batch; an epoch's last batch may be smaller.
      seed: of the order.
      epochs: numbers of the epochs, counted over all phases.
    Returns:
      Batches of uint8 (b, size_px, size_px, 3) RGB and float32 (b, 1): 1 for a dog.
    """
    numbers = epoch_numbers(len(records), batch_size, seed, epochs)
    return _image_batches(numbers, records, size_px, view)


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
    in_order = tf.data.Dataset.range(len(records)).batch(batch_size)
    return _image_batches(in_order.map(lambda numbers: (np.int64(epoch), numbers)), records, size_px, view)


def epoch_numbers(num_examples: int, batch_size: int, seed: int, epochs: range) -> tf.data.Dataset:
    """The shuffled example numbers of each epoch, in batches that do not reach across epochs.

    Returns:
      Pairs of the epoch, int64 (), and the numbers of a batch's examples, int64 (b,).
    """

    def of_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.numpy_function(
            lambda epoch: np.random.default_rng([seed, epoch]).permutation(num_examples),
            [epoch],
            tf.int64,
            stateful=False,  # it is a function of its argument; a stateful one would run serially
        )
        order.set_shape([num_examples])
        numbers = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
        return numbers.map(lambda batch: (epoch, batch))

    return tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(of_epoch)


def _image_batches(
    numbers: tf.data.Dataset, records: Records, size_px: int, view: View | None
) -> tf.data.Dataset:
    def load(epoch: np.ndarray, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        examples = [records[number] for number in batch]
        images = [square(example, size_px) for example in examples]
        if view is not None:
            ids = [example.id for example in examples]
            images = [
                view(image, example_id, int(epoch)) for image, example_id in zip(images, ids, strict=True)
            ]
        return np.stack(images), records.labels[batch, None].astype(np.float32)

    def images_and_labels(epoch: tf.Tensor, batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = tf.numpy_function(load, [epoch, batch], (tf.uint8, tf.float32), stateful=False)
        return tf.ensure_shape(images, (None, size_px, size_px, 3)), tf.ensure_shape(labels, (None, 1))

    cv2.setNumThreads(0)  # tf.data runs the batches in parallel
    batches = numbers.map(images_and_labels, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return batches.prefetch(tf.data.AUTOTUNE)
