"""A record holds what TensorFlow's own tools expect, and comes back as it was."""

import tensorflow as tf

from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.dataset.examples.records import Record, parse, serialize
from tests.conftest import picture


def test_a_record_comes_back_as_it_was() -> None:
    record = Record("PetImages/Dog/ü 1.jpg", 1, encode_jpeg(picture(0), 90))
    assert parse(serialize(record, 40, 48)) == record


def test_tensorflow_reads_the_features_of_the_model_garden() -> None:
    serialized = serialize(Record("a.jpg", 1, encode_jpeg(picture(0), 90)), 40, 48)
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/format": tf.io.FixedLenFeature([], tf.string),
        "image/height": tf.io.FixedLenFeature([], tf.int64),
        "image/width": tf.io.FixedLenFeature([], tf.int64),
        "image/filename": tf.io.FixedLenFeature([], tf.string),
        "image/class/label": tf.io.FixedLenFeature([], tf.int64),
    }
    parsed = tf.io.parse_single_example(serialized, features)
    assert tf.io.decode_jpeg(parsed["image/encoded"]).shape == (40, 48, 3)
    assert (parsed["image/height"], parsed["image/width"], parsed["image/class/label"]) == (40, 48, 1)
