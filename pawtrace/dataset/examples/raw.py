"""Reading data/raw: the prepared TFDS dataset that `download` leaves, whole or in pieces."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from pawtrace.base.errors import DataError
from pawtrace.base.files import fingerprint, sha256_of
from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.tfrecords import framed_size, parse_example, records_in, starts_in
from pawtrace.running.cluster.shard_map import map_shards

SPLIT = "train"  # the only one that TFDS knows of; ours are made later
_EXAMPLES_PER_PIECE = 128  # a fraction of a second's work


class RawExample(NamedTuple):
    """One image as it was stored."""

    id: str  # its path in the archive
    label: int  # index into LABELS
    encoded: bytes  # JPEG or PNG


class RawShard(NamedTuple):
    """A file of data/raw."""

    path: Path
    num_examples: int


class RawPlace(NamedTuple):
    """Where an example of data/raw lies, for every process that sees the folder."""

    path: Path  # absolute
    start: int  # bytes


class RawPiece(NamedTuple):
    """Consecutive examples of one shard: as much as one process looks at in one go."""

    first: RawPlace
    num_examples: int


def read_raw(folder: Path) -> Iterator[RawExample]:
    """All examples, always in the same order.

    Args:
      folder: data/raw.
    Raises:
      DataError: it is missing, damaged or incomplete.
    """
    for piece in raw_pieces(folder):
        for _, example in read_piece(piece):
            yield example


def read_piece(piece: RawPiece) -> Iterator[tuple[RawPlace, RawExample]]:
    """The examples of a piece, in order, each with its place.

    Raises:
      DataError: one is missing or damaged.
    """
    place = piece.first
    try:
        for record in itertools.islice(records_in(place.path, place.start), piece.num_examples):
            yield place, _parse(record)
            place = place._replace(start=place.start + framed_size(len(record)))
    except (DataError, OSError, KeyError) as error:
        raise _damaged(place.path.parent, str(error)) from None


def read_places(places: Iterable[RawPlace]) -> Iterator[RawExample]:
    """The examples at these places, in their order.

    Raises:
      DataError: one is missing or damaged.
    """
    for place in places:
        for _, example in read_piece(RawPiece(place, 1)):
            yield example


def raw_pieces(folder: Path) -> list[RawPiece]:
    """All of data/raw in pieces, in the order of the examples; reads only the lengths of the records.

    Raises:
      DataError: data/raw is missing, damaged or incomplete.
    """
    shards = raw_shards(folder)
    sizes = [shard.num_examples for shard in shards]
    return [piece for of_shard in map_shards(_pieces, shards, title="raw", sizes=sizes) for piece in of_shard]


def raw_size(folder: Path) -> int:
    """The number of examples.

    Raises:
      DataError: data/raw is missing or damaged.
    """
    return sum(shard.num_examples for shard in raw_shards(folder))


def raw_fingerprint(folder: Path) -> str:
    """A fingerprint of all examples: equal files have equal ones."""
    shards = raw_shards(folder)
    paths, sizes = [shard.path for shard in shards], [shard.num_examples for shard in shards]
    digests = map_shards(sha256_of, paths, title="raw digests", sizes=sizes)
    return fingerprint({path.name: digest for path, digest in zip(paths, digests, strict=True)})


def raw_shards(folder: Path) -> list[RawShard]:
    """The files of data/raw, in the order of the examples.

    Raises:
      DataError: data/raw is missing or damaged.
    """
    split = _builder(folder).info.splits[SPLIT]
    return [
        RawShard(folder.resolve() / Path(path).name, int(num_examples))
        for path, num_examples in zip(split.filepaths, split.shard_lengths, strict=True)
    ]


def _pieces(shard: RawShard) -> list[RawPiece]:
    folder = shard.path.parent
    try:
        starts = list(starts_in(shard.path))
    except (DataError, OSError) as error:
        raise _damaged(folder, str(error)) from None
    if len(starts) != shard.num_examples:  # a shard that was cut between two records ends like a whole one
        raise _damaged(
            folder, f"{shard.path.name}: expected {shard.num_examples} examples, found {len(starts)}"
        )
    return [
        RawPiece(RawPlace(shard.path, starts[number]), min(_EXAMPLES_PER_PIECE, len(starts) - number))
        for number in range(0, len(starts), _EXAMPLES_PER_PIECE)
    ]


def _parse(record: bytes) -> RawExample:
    features = parse_example(record)
    name, label, encoded = (features[key] for key in ("image/filename", "label", "image"))
    return RawExample(cast("bytes", name).decode(), cast("int", label), cast("bytes", encoded))


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
