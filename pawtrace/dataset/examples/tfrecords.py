"""TFRecord files and the `tf.train.Example` in each record, without TensorFlow: importing it takes seconds.

Sources: tensorflow/core/lib/io/record_writer.h (framing), tensorflow/core/example/feature.proto (messages).
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import google_crc32c
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from pawtrace.base.errors import DataError

Value = bytes | int
_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_HEAD_BYTES = _LENGTH.size + _CHECKSUM.size


def append(file: BinaryIO, record: bytes) -> None:
    """Write a record: its length, the length's checksum, the record, the record's checksum."""
    length = _LENGTH.pack(len(record))
    file.write(length + _checksum(length) + record + _checksum(record))


def framed_size(num_bytes: int) -> int:
    """How many bytes of a file a record of so many bytes takes."""
    return _HEAD_BYTES + num_bytes + _CHECKSUM.size


def records_in(path: Path, start: int = 0) -> Iterator[bytes]:
    """The records of a file, each compared with its checksums.

    Args:
      path: of the file.
      start: where the first record's length lies, bytes.
    Raises:
      DataError: the file ends within a record, or a checksum is wrong.
    """
    with path.open("rb") as file:
        file.seek(start)
        while head := file.read(_HEAD_BYTES):
            if len(head) < _HEAD_BYTES or _checksum(head[: _LENGTH.size]) != head[_LENGTH.size :]:
                raise DataError(f"{path.name}: a record's length is damaged before byte {file.tell()}")
            record = file.read(_LENGTH.unpack(head[: _LENGTH.size])[0])
            if _checksum(record) != file.read(_CHECKSUM.size):
                raise DataError(f"{path.name}: a record is cut off or damaged before byte {file.tell()}")
            yield record


def starts_in(path: Path) -> Iterator[int]:
    """Where each record starts, bytes: only the records' lengths are read.

    Raises:
      DataError: the file ends within a record, or a length's checksum is wrong.
    """
    end = path.stat().st_size
    with path.open("rb") as file:
        start = 0
        while start < end:
            file.seek(start)
            head = file.read(_HEAD_BYTES)
            if len(head) < _HEAD_BYTES or _checksum(head[: _LENGTH.size]) != head[_LENGTH.size :]:
                raise DataError(f"{path.name}: a record's length is damaged at byte {start}")
            yield start
            start += framed_size(_LENGTH.unpack(head[: _LENGTH.size])[0])
    if start != end:
        raise DataError(f"{path.name}: the last record is cut off: {start - end} bytes are missing")


def serialize_example(features: Mapping[str, Value]) -> bytes:
    """A `tf.train.Example` with one value in each feature; the same features always give the same bytes."""
    example = _Example()
    for name, value in features.items():
        feature = example.features.feature[name]
        values = feature.bytes_list if isinstance(value, bytes) else feature.int64_list
        values.value.append(value)
    return bytes(example.SerializeToString(deterministic=True))


def parse_example(serialized: bytes) -> dict[str, Value]:
    """The inverse of `serialize_example`: the first value of each feature.

    Raises:
      DataError: those bytes are no Example, or a feature has no value.
    """
    try:
        features = _Example.FromString(serialized).features.feature
        return {
            name: getattr(feature, feature.WhichOneof("kind")).value[0] for name, feature in features.items()
        }
    except (DecodeError, IndexError, TypeError) as error:
        raise DataError(f"expected a tf.train.Example with a value in each feature, found: {error}") from None


def _checksum(content: bytes) -> bytes:
    """CRC-32C, masked as TFRecord has it."""
    crc = google_crc32c.value(content)
    return _CHECKSUM.pack((((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _example_class() -> Any:
    """The message class, in a pool of its own: TensorFlow, if it is loaded, has registered the same names."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")

    def add(message: str) -> descriptor_pb2.DescriptorProto:
        return file.message_type.add(name=message)

    lists = {"BytesList": field.TYPE_BYTES, "FloatList": field.TYPE_FLOAT, "Int64List": field.TYPE_INT64}
    for name, kind in lists.items():
        add(name).field.add(name="value", number=1, type=kind, label=field.LABEL_REPEATED)
    feature = add("Feature")
    feature.oneof_decl.add(name="kind")
    for number, name in enumerate(("bytes_list", "float_list", "int64_list"), start=1):
        kind = ".tensorflow." + "".join(word.capitalize() for word in name.split("_"))
        feature.field.add(name=name, number=number, type=field.TYPE_MESSAGE, type_name=kind, oneof_index=0)
    features = add("Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=field.TYPE_STRING)
    entry.field.add(name="value", number=2, type=field.TYPE_MESSAGE, type_name=".tensorflow.Feature")
    features.field.add(
        name="feature",
        number=1,
        type=field.TYPE_MESSAGE,
        type_name=".tensorflow.Features.FeatureEntry",
        label=field.LABEL_REPEATED,
    )
    add("Example").field.add(
        name="features", number=1, type=field.TYPE_MESSAGE, type_name=".tensorflow.Features"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


_Example = _example_class()
