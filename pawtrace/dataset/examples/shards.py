"""Shards: files of records, and the manifest that says what each must hold.

A TFRecord file that was cut at a record boundary looks like a shorter one, so a reader compares
every shard with the manifest before it uses the first record.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.base.files import sha256_of, write_json
from pawtrace.config.sections import SPLITS
from pawtrace.dataset.examples.records import Record, parse
from pawtrace.dataset.examples.tfrecords import append, places_in

MANIFEST = "manifest.json"
_AGAIN = "run: dvc repro preprocess"


class ShardWriter:
    """Writes one split's records, in the order they come, into shards of a fixed size."""

    def __init__(self, folder: Path, split: str, num_examples: int, examples_per_shard: int) -> None:
        """Prepare to write `num_examples` records of a split into a folder."""
        self._folder, self._split = folder, split
        self._num_shards = -(-num_examples // examples_per_shard)
        self._examples_per_shard = examples_per_shard
        self._num_written = 0
        self._shard: BinaryIO | None = None
        self.names: list[str] = []

    def write(self, serialized: bytes) -> None:
        """Append a record, opening the next shard where one is full."""
        if self._num_written % self._examples_per_shard == 0:
            self.close()
            self.names.append(f"{self._split}-{len(self.names):05d}-of-{self._num_shards:05d}.tfrecord")
            self._shard = (self._folder / self.names[-1]).open("wb")
        assert self._shard is not None
        append(self._shard, serialized)
        self._num_written += 1

    def close(self) -> None:
        """Finish the open shard."""
        if self._shard is not None:
            self._shard.close()
            self._shard = None


def write_manifest(folder: Path, image_size_px: int, made_from: Mapping[str, str] | None = None) -> None:
    """Describe every shard in a folder: split, number of examples, bytes, sha256.

    Args:
      folder: of the shards.
      image_size_px: of the images' shorter side.
      made_from: fingerprints of what the records were made from, `raw` and `splits`.
    """
    shards = [
        {
            "name": path.name,
            "split": path.name.split("-")[0],
            "num_examples": sum(1 for _ in places_in(path)),
            "num_bytes": path.stat().st_size,
            "sha256": sha256_of(path),
        }
        for path in sorted(folder.glob("*.tfrecord"))
    ]
    content = {"image_size_px": image_size_px, "shards": shards, "made_from": made_from or {}}
    write_json(folder / MANIFEST, content)


class Position(NamedTuple):
    """Where a record lies."""

    path: Path
    offset: int  # bytes, of the record itself
    num_bytes: int


class Records:
    """The records of one split, any of them at hand by its number.

    Attributes:
      ids: example ids, n of them, in the order of the shards.
      labels: int64 (n,), 0 cat, 1 dog.
    """

    def __init__(self, positions: list[Position]) -> None:
        """Index the records at the given positions."""
        self._positions = positions
        self._open()
        records = [self[number] for number in range(len(positions))]
        self.ids = [record.id for record in records]
        self.labels = np.array([record.label for record in records], dtype=np.int64)

    def _open(self) -> None:
        self._shards = {path: np.memmap(path, mode="r") for path in {p.path for p in self._positions}}

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process opens the shards itself."""
        return {name: value for name, value in vars(self).items() if name != "_shards"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """See `__getstate__`."""
        vars(self).update(state)
        self._open()

    def __len__(self) -> int:
        """The number of records."""
        return len(self._positions)

    def __getitem__(self, number: int) -> Record:
        """Read one record; safe from any thread."""
        path, offset, num_bytes = self._positions[number]
        return parse(self._shards[path][offset : offset + num_bytes].tobytes())


def open_records(folder: Path) -> dict[str, Records]:
    """Check every shard against the manifest and index the records of each split.

    Raises:
      DataError: the manifest or a shard is missing, short, swapped or changed; names it.
    """
    positions: dict[str, list[Position]] = {split: [] for split in SPLITS}
    for shard in read_manifest(folder)["shards"]:
        path = folder / shard["name"]
        _check(path, shard)
        positions[shard["split"]] += [Position(path, *place) for place in places_in(path)]
    for split, split_positions in positions.items():
        if not split_positions:
            raise DataError(f"{folder / MANIFEST}: expected shards of {split}, found none; {_AGAIN}")
    return {split: Records(split_positions) for split, split_positions in positions.items()}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The content of a folder's manifest.

    Raises:
      DataError: it is missing or unreadable.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise DataError(f"{path} is missing; {_AGAIN}")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        content["shards"], content["image_size_px"], content["made_from"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: expected a manifest of shards, found {error!r:.80}; {_AGAIN}") from None
    return content


def _check(path: Path, shard: dict[str, Any]) -> None:
    if not path.exists():
        raise DataError(f"{path} is missing; {_AGAIN}")
    if path.stat().st_size != shard["num_bytes"]:
        raise DataError(
            f"{path}: expected {shard['num_bytes']} bytes with {shard['num_examples']} records, "
            f"found {path.stat().st_size} bytes; {_AGAIN}"
        )
    if (digest := sha256_of(path)) != shard["sha256"]:
        raise DataError(
            f"{path}: expected sha256 {shard['sha256'][:12]}..., found {digest[:12]}...; {_AGAIN}"
        )
