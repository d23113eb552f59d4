"""One example as a record: the feature names of the TensorFlow model garden's ImageNet records."""

from typing import NamedTuple, cast

from pawtrace.dataset.examples.tfrecords import parse_example, serialize_example


class Record(NamedTuple):
    """What a record holds."""

    id: str
    label: int
    encoded: bytes  # JPEG, RGB


def serialize(record: Record, height: int, width: int) -> bytes:
    """A record as the bytes of a `tf.train.Example`.

    Source: TensorFlow model garden, official/vision/data, ImageNet.
    """
    return serialize_example(
        {
            "image/encoded": record.encoded,
            "image/format": b"JPEG",
            "image/height": height,
            "image/width": width,
            "image/filename": record.id.encode(),
            "image/class/label": record.label,
        }
    )


def parse(serialized: bytes) -> Record:
    """The inverse of `serialize`."""
    features = parse_example(serialized)
    return Record(
        cast("bytes", features["image/filename"]).decode(),
        cast("int", features["image/class/label"]),
        cast("bytes", features["image/encoded"]),
    )
