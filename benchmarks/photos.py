"""Records of photos for benchmarks: real ones where an archive is named, else drawn pictures."""

import itertools
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pawtrace.dataset.examples.pixels import decode, encode_jpeg, resize_shorter_side
from pawtrace.dataset.examples.records import Record, serialize
from pawtrace.dataset.examples.shards import (
    Records,
    ShardEntry,
    open_records,
    shard_name,
    write_manifest,
    write_shard,
)
from pawtrace.dataset.sources.drawn.picture import draw_picture

RECORD_PX = 256
_PER_SHARD = 256  # examples


def photos() -> Iterator[tuple[np.ndarray, int]]:
    """Images, uint8 (h, w, 3), with labels: of the zip that PAWTRACE_PETS_ARCHIVE names, then drawn ones."""
    if archive := os.environ.get("PAWTRACE_PETS_ARCHIVE"):
        with zipfile.ZipFile(archive) as members:
            names = [name for name in members.namelist() if name.endswith(".jpg")]
            for name in np.random.default_rng(0).permutation(sorted(names)):
                yield decode(members.read(str(name))), int("dog" in Path(str(name)).parent.name.lower())
    for number in itertools.count():
        yield draw_picture(number % 2, np.random.default_rng(number)), number % 2


def photo_records(
    folder: Path, counts: dict[str, int], size_px: int = RECORD_PX, files: Path | None = None
) -> dict[str, Records]:
    """Write photos as records.

    Args:
      folder: of the records.
      counts: of examples, by split.
      size_px: of the shorter side.
      files: where each train example also becomes a file in a class folder; None for nowhere.
    Returns:
      The records by split.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = ((label, resize_shorter_side(image, size_px)) for image, label in photos())
    shards = []
    for split, count in counts.items():
        written, entries = write_split(folder, split, itertools.islice(source, count))
        shards += entries
        for number, (label, encoded) in enumerate(written):
            if files is not None and split == "train":
                place = files / ("Cat", "Dog")[label]
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{number}.jpg").write_bytes(encoded)
    write_manifest(folder, size_px, shards)
    return open_records(folder)


def write_split(
    folder: Path, split: str, pictures: Iterable[tuple[int, np.ndarray]]
) -> tuple[list[tuple[int, bytes]], list[ShardEntry]]:
    """Write pictures as the records of a split, called `train/0.jpg` and so on.

    Args:
      folder: of the records; `write_manifest` completes it.
      split: its name.
      pictures: labels and images, uint8 (h, w, 3), RGB.
    Returns:
      The label and the JPEG of each picture; what the manifest says of each shard.
    """
    written, serialized = [], []
    for number, (label, image) in enumerate(pictures):
        encoded = encode_jpeg(image, 92)
        serialized.append(serialize(Record(f"{split}/{number}.jpg", label, encoded), *image.shape[:2]))
        written.append((label, encoded))
    starts = range(0, len(serialized), _PER_SHARD)
    return written, [
        write_shard(folder / shard_name(split, number, len(starts)), serialized[start : start + _PER_SHARD])
        for number, start in enumerate(starts)
    ]
