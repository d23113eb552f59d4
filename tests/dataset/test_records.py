"""A record holds what TensorFlow's own tools expect, and comes back as it was."""

import numpy as np
import pytest
import tensorflow as tf

from pawtrace.dataset.records import (
    Record,
    decode_jpeg,
    encode_jpeg,
    parse,
    resize_shorter_side,
    serialize,
)
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


def test_colours_survive_encoding() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    assert np.abs(decode_jpeg(encode_jpeg(red, 95)).astype(int) - red).max() <= 6


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((100, 200), (32, 64)),
        ((200, 100), (64, 32)),
        ((33, 400), (32, 388)),
        ((20, 30), (32, 48)),
        ((32, 32), (32, 32)),
    ],
)
def test_the_shorter_side_gets_the_size_and_the_longer_keeps_its_ratio(
    shape: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert resize_shorter_side(picture(1, *shape), 32).shape == (*expected, 3)


def test_shrinking_averages_instead_of_picking_pixels() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255  # as fine as can be: a sampled pixel would be black or white
    assert np.abs(resize_shorter_side(stripes, 32).astype(int) - 127).max() <= 2
