"""Reading data/raw: the prepared TFDS dataset that `download` leaves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.config.sections import LABELS

_BATCH_SIZE = 64
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
    import tensorflow_datasets as tfds
    from tensorflow import errors

    dataset = _builder(folder).as_dataset(
        split=SPLIT,
        shuffle_files=False,
        decoders={"image": tfds.decode.SkipDecoding()},
        # assert_cardinality: a shard cut between two records looks like a clean end of file.
        read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False, assert_cardinality=True),
    )
    try:
        # In batches: TensorFlow's cost of handing something over is the same for one and for many.
        for batch in dataset.batch(_BATCH_SIZE).as_numpy_iterator():
            columns = (batch["image/filename"], batch["label"], batch["image"])
            for name, label, encoded in zip(*columns, strict=True):
                yield RawExample(name.decode("utf-8"), int(label), encoded)
    except (errors.DataLossError, errors.NotFoundError, errors.FailedPreconditionError) as error:
        raise _damaged(folder, str(error.message)) from None


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
