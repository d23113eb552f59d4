"""Shards: files of records with an index each, and the manifest that says what they must hold.

A TFRecord file that was cut at a record boundary looks like a shorter one, so a reader compares a shard
with the manifest before it uses the shard's first record. Opening reads only the manifest and the indices.
"""

import contextlib
import functools
import json
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.base.files import flush, sha256_of, write_json
from pawtrace.config.sections import SPLITS
from pawtrace.dataset.examples.records import Record, parse
from pawtrace.dataset.examples.tfrecords import append

MANIFEST = "manifest.json"
_AGAIN = "run: dvc repro preprocess"
_PARTIAL = ".partial-"
_MOST_OPEN = 256  # shards of a split: each takes one of the 1,024 files that a process may open
_OF_A_PROCESS = ("_shards", "_intact", "_locks", "ids")  # what another process makes anew


class ShardEntry(NamedTuple):
    """What the manifest says of a shard."""

    name: str
    split: str
    num_examples: int
    num_bytes: int
    sha256: str
    index_sha256: str


def shard_name(split: str, number: int, num_shards: int) -> str:
    """As TensorFlow Datasets names its shards."""
    return f"{split}-{number:05d}-of-{num_shards:05d}.tfrecord"


def index_of(shard: Path) -> Path:
    """Where a shard's index lies: a table with the id, label, offset and length of each record."""
    return shard.with_suffix(".index.npy")


def write_shard(path: Path, serialized: Iterable[bytes]) -> ShardEntry:
    """Write records and their index; whoever writes a shard a second time at once harms nobody.

    Args:
      path: of the shard, named by `shard_name`.
      serialized: the records in order; one is in memory at a time.
    """
    # A worker that was thought dead may still write, while another one does its work again.
    partial = path.with_name(f"{_PARTIAL}{uuid.uuid4().hex}")
    rows = []
    with partial.open("wb") as file:
        for each in serialized:
            record = parse(each)
            append(file, each)
            rows.append((record.id.encode(), record.label, file.tell() - len(each) - 4, len(each)))
    index = np.array(rows, _index_type(max((len(row[0]) for row in rows), default=1)))
    partial_index = partial.with_suffix(".npy")
    np.save(partial_index, index)
    entry = ShardEntry(
        path.name,
        path.name.split("-")[0],
        len(rows),
        partial.stat().st_size,
        sha256_of(partial),
        sha256_of(partial_index),
    )
    for written, target in ((partial_index, index_of(path)), (partial, path)):
        flush(written)
        written.replace(target)
    return entry


def write_manifest(
    folder: Path,
    image_size_px: int,
    shards: Iterable[ShardEntry],
    made_from: Mapping[str, str] | None = None,
) -> None:
    """Say what each shard of a folder holds; remove what killed workers left there.

    Args:
      folder: of the shards.
      image_size_px: of the images' shorter side.
      shards: as `write_shard` describes them.
      made_from: fingerprints of what the records were made from, `raw` and `splits`.
    """
    for left in folder.glob(f"{_PARTIAL}*"):
        left.unlink()
    entries = [shard._asdict() for shard in sorted(shards)]
    content = {
        "image_size_px": image_size_px,
        # Apart from what provenance fingerprints: an index only says again what its shard holds.
        "indices": {index_of(Path(entry["name"])).name: entry.pop("index_sha256") for entry in entries},
        "shards": entries,
        "made_from": made_from or {},
    }
    write_json(folder / MANIFEST, content)


class Records:
    """The records of one split, any of them at hand by its number.

    Attributes:
      folder: of the shards.
      labels: int64 (n,), 0 cat, 1 dog, in the order of the shards.
    """

    def __init__(self, folder: Path, shards: Sequence[ShardEntry]) -> None:
        """Read the shards' indices.

        Raises:
          DataError: a shard is missing or short, or its index is not the one that belongs to it.
        """
        self.folder, self._entries = folder, list(shards)
        indices = [_read_index(folder, shard) for shard in shards]
        self._shard_of = np.repeat(np.arange(len(shards)), [len(index) for index in indices])
        self._ids = np.concatenate([index["id"] for index in indices])
        self.labels = np.concatenate([index["label"] for index in indices]).astype(np.int64)
        self._offsets = np.concatenate([index["offset"] for index in indices])
        self._num_bytes = np.concatenate([index["num_bytes"] for index in indices])
        self._open()

    def _open(self) -> None:
        self._shards: dict[int, np.memmap] = {}  # that are open
        self._intact: set[int] = set()
        self._locks = [threading.Lock() for _ in self._entries]

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process opens the shards itself."""
        return {name: value for name, value in vars(self).items() if name not in _OF_A_PROCESS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """See `__getstate__`."""
        vars(self).update(state)
        self._open()

    @functools.cached_property
    def ids(self) -> list[str]:
        """Example ids, n of them, in the order of the shards."""
        return [id.decode() for id in self._ids.tolist()]

    def __len__(self) -> int:
        """The number of records."""
        return len(self.labels)

    def __getitem__(self, number: int) -> Record:
        """Read one record; safe from any thread.

        Raises:
          DataError: its shard is not the one that was written; names it.
        """
        offset = int(self._offsets[number])
        content = self._shard(int(self._shard_of[number]))
        return parse(content[offset : offset + int(self._num_bytes[number])].tobytes())

    def _shard(self, number: int) -> np.memmap:
        """A shard's content, whose digest is checked at the first look."""
        with self._locks[number]:
            if (opened := self._shards.get(number)) is not None:
                return opened
            entry = self._entries[number]
            path = self.folder / entry.name
            _check_size(path, entry)
            if number not in self._intact:
                _check_digest(path, entry.sha256)
                self._intact.add(number)
            opened = self._shards[number] = np.memmap(path, mode="r")
        while len(self._shards) > _MOST_OPEN:
            with contextlib.suppress(KeyError, RuntimeError, StopIteration):  # another thread was faster
                del self._shards[next(iter(self._shards))]
        return opened


def open_records(folder: Path) -> dict[str, Records]:
    """The records of each split, by the manifest and the shards' indices; a shard is checked when it is read.

    Raises:
      DataError: the manifest, an index or a shard is missing, short or swapped; names it.
    """
    shards = _entries(read_manifest(folder))
    by_split = {split: [shard for shard in shards if shard.split == split] for split in SPLITS}
    for split, of_split in by_split.items():
        if not of_split:
            raise DataError(f"{folder / MANIFEST}: expected shards of {split}, found none; {_AGAIN}")
    return {split: Records(folder, of_split) for split, of_split in by_split.items()}


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
        _entries(content), content["image_size_px"], content["made_from"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: expected a manifest of shards, found {error!r:.80}; {_AGAIN}") from None
    return content


def _entries(manifest: Mapping[str, Any]) -> list[ShardEntry]:
    indices = manifest["indices"]
    return [
        ShardEntry(**shard, index_sha256=indices[index_of(Path(shard["name"])).name])
        for shard in manifest["shards"]
    ]


def _index_type(id_bytes: int) -> np.dtype:
    return np.dtype([("id", f"S{id_bytes}"), ("label", "i1"), ("offset", "<u8"), ("num_bytes", "<u4")])


def _read_index(folder: Path, shard: ShardEntry) -> np.ndarray:
    _check_size(folder / shard.name, shard)
    path = index_of(folder / shard.name)
    if not path.exists():
        raise DataError(f"{path} is missing; {_AGAIN}")
    _check_digest(path, shard.index_sha256)
    index: np.ndarray = np.load(path)
    return index


def _check_size(path: Path, shard: ShardEntry) -> None:
    if not path.exists():
        raise DataError(f"{path} is missing; {_AGAIN}")
    if path.stat().st_size != shard.num_bytes:
        raise DataError(
            f"{path}: expected {shard.num_bytes} bytes with {shard.num_examples} records, "
            f"found {path.stat().st_size} bytes; {_AGAIN}"
        )


def _check_digest(path: Path, expected: str) -> None:
    if (digest := sha256_of(path)) != expected:
        raise DataError(f"{path}: expected sha256 {expected[:12]}..., found {digest[:12]}...; {_AGAIN}")
