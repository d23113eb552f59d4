"""Records of photos for benchmarks: real ones where an archive is named, else drawn pictures."""

import itertools
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pawtrace.dataset.examples.pixels import decode, encode_jpeg, resize_shorter_side
from pawtrace.dataset.examples.records import Record, serialize
from pawtrace.dataset.examples.shards import Records, ShardWriter, open_records, write_manifest
from pawtrace.dataset.sources.drawn.picture import draw_picture

RECORD_PX = 256


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
    source = photos()
    for split, count in counts.items():
        writer = ShardWriter(folder, split, count, 256)
        for number in range(count):
            image, label = next(source)
            encoded = encode_jpeg(image := resize_shorter_side(image, size_px), 92)
            record = Record(f"{split}/{number}.jpg", label, encoded)
            writer.write(serialize(record, *image.shape[:2]))
            if files is not None and split == "train":
                place = files / ("Cat", "Dog")[label]
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{number}.jpg").write_bytes(encoded)
        writer.close()
    write_manifest(folder, size_px)
    return open_records(folder)
