"""The bytes are those that TensorFlow writes, and what TensorFlow writes can be read."""

from pathlib import Path

import pytest
import tensorflow as tf

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.tfrecords import (
    append,
    parse_example,
    records_in,
    serialize_example,
    starts_in,
)

FEATURES = {"name": "ä.jpg".encode(), "label": 1, "count": 2**62, "below": -3, "empty": b""}
RECORDS = [b"", b"one", b"x" * 70_000]


def as_tensorflow_has_it(features: dict[str, bytes | int]) -> bytes:
    def feature(value: bytes | int) -> tf.train.Feature:
        if isinstance(value, bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    message = tf.train.Features(feature={name: feature(value) for name, value in features.items()})
    return bytes(tf.train.Example(features=message).SerializeToString(deterministic=True))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    with (tmp_path / "ours.tfrecord").open("wb") as file:
        for record in RECORDS:
            append(file, record)
    return tmp_path / "ours.tfrecord"


def test_an_example_has_tensorflows_bytes_and_comes_back() -> None:
    serialized = serialize_example(FEATURES)
    assert serialized == as_tensorflow_has_it(FEATURES)
    assert parse_example(serialized) == FEATURES


def test_a_file_has_tensorflows_bytes_and_comes_back(written: Path, tmp_path: Path) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "theirs.tfrecord")) as writer:
        for record in RECORDS:
            writer.write(record)
    assert written.read_bytes() == (tmp_path / "theirs.tfrecord").read_bytes()
    assert list(records_in(written)) == RECORDS
    assert [next(records_in(written, start)) for start in starts_in(written)] == RECORDS


@pytest.mark.parametrize("place", range(0, 40))
def test_every_changed_byte_is_found(written: Path, place: int) -> None:
    content = bytearray(written.read_bytes())
    content[place] ^= 0x10
    written.write_bytes(content)
    with pytest.raises(DataError, match=r"ours\.tfrecord: .*(damaged|cut off)"):
        list(records_in(written))


def test_a_file_that_ends_within_a_record_is_found(written: Path) -> None:
    written.write_bytes(written.read_bytes()[:-1])
    with pytest.raises(DataError, match="cut off"):
        list(records_in(written))
    with pytest.raises(DataError, match="1 bytes are missing"):
        list(starts_in(written))


@pytest.mark.parametrize("content", [b"\x0a\x02", b"\x0a\x07\x0a\x05\x0a\x01a\x12\x00"])
def test_what_is_no_example_with_values_is_one_line(content: bytes) -> None:
    with pytest.raises(DataError, match=r"expected a tf\.train\.Example"):
        parse_example(content)
