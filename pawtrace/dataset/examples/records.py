"""One example as a record: the feature names of the TensorFlow model garden's ImageNet records."""

from typing import NamedTuple

import tensorflow as tf


class Record(NamedTuple):
    """What a record holds."""

    id: str
    label: int
    encoded: bytes  # JPEG, RGB


def serialize(record: Record, height: int, width: int) -> bytes:
    """A record as the bytes of a `tf.train.Example`.

    Source: TensorFlow model garden, official/vision/data, ImageNet.
    """
    features = {
        "image/encoded": _bytes(record.encoded),
        "image/format": _bytes(b"JPEG"),
        "image/height": _int(height),
        "image/width": _int(width),
        "image/filename": _bytes(record.id.encode()),
        "image/class/label": _int(record.label),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString(deterministic=True))


def parse(serialized: bytes) -> Record:
    """The inverse of `serialize`."""
    features = tf.train.Example.FromString(serialized).features.feature
    return Record(
        features["image/filename"].bytes_list.value[0].decode(),
        features["image/class/label"].int64_list.value[0],
        features["image/encoded"].bytes_list.value[0],
    )


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _int(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
