"""Reading data/raw: the prepared TFDS dataset that `download` leaves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from pawtrace.base.errors import DataError
from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.tfrecords import parse_example, records_in

SPLIT = "train"  # the only one that TFDS knows of; ours are made later


class RawExample(NamedTuple):
    """One image as it was stored."""

    id: str  # its path in the archive
    label: int  # index into LABELS
    encoded: bytes  # JPEG or PNG


def read_raw(folder: Path) -> Iterator[RawExample]:
    """All examples, always in the same order.

    Args:
      folder: data/raw.
    Raises:
      DataError: it is missing, damaged or incomplete.
    """
    split = _builder(folder).info.splits[SPLIT]
    for path, num_examples in zip(split.filepaths, split.shard_lengths, strict=True):
        num_read = 0
        try:
            for record in records_in(Path(path)):
                features = parse_example(record)
                name, label, encoded = (features[key] for key in ("image/filename", "label", "image"))
                yield RawExample(cast("bytes", name).decode(), cast("int", label), cast("bytes", encoded))
                num_read += 1
        except (DataError, OSError, KeyError) as error:
            raise _damaged(folder, str(error)) from None
        if num_read != num_examples:  # a shard that was cut between two records ends like a whole one
            raise _damaged(folder, f"{path.name}: expected {num_examples} examples, found {num_read}")


def raw_size(folder: Path) -> int:
    """The number of examples.

    Raises:
      DataError: data/raw is missing or damaged.
    """
    return int(_builder(folder).info.splits[SPLIT].num_examples)


def _builder(folder: Path) -> Any:
    import tensorflow_datasets as tfds

    if not (folder / "dataset_info.json").is_file():
        raise DataError(f"{folder} is missing; run: dvc repro download")
    try:
        builder = tfds.builder_from_directory(folder)
        labels = tuple(builder.info.features["label"].names)
        builder.info.splits[SPLIT]
    except Exception as error:  # JSON, protobuf and TFDS each have their own
        raise _damaged(folder, str(error)) from None
    if labels != LABELS:
        raise _damaged(folder, f"expected the labels {LABELS}, found {labels}")
    return builder


def _damaged(folder: Path, problem: str) -> DataError:
    return DataError(f"{folder} is damaged ({' '.join(problem.split())[:200]}); run: dvc repro download")
