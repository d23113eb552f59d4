"""One example as a record: the feature names of the TensorFlow model garden's ImageNet records."""

from typing import NamedTuple

import cv2
import numpy as np
import tensorflow as tf


class Record(NamedTuple):
    """What a record holds."""

    id: str
    label: int
    encoded: bytes  # JPEG, RGB


def resize_shorter_side(image: np.ndarray, size_px: int) -> np.ndarray:
    """Scale an image so that its shorter side has `size_px` pixels, antialiased.

    Args:
      image: uint8 (height, width, 3).
      size_px: the new shorter side, pixels.
    Returns:
      uint8 (new height, new width, 3), the shorter of them `size_px`.
    """
    height, width = image.shape[:2]
    if min(height, width) == size_px:
        return image
    scale = size_px / min(height, width)
    size = (max(size_px, round(width * scale)), max(size_px, round(height * scale)))
    # Averaging over the covered area is what avoids aliasing; it only blurs where it enlarges.
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=interpolation))


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """Encode uint8 (height, width, 3) RGB as JPEG of a quality of 1..100."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def decode_jpeg(encoded: bytes) -> np.ndarray:
    """Decode a record's JPEG into uint8 (height, width, 3) RGB."""
    return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB))


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
