"""Which examples of validation and test a network has seen in training, or their mirror images."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pawtrace.base.ordered import ordered_map
from pawtrace.dataset.examples.perceptual_hash import perceptual_hash
from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.examples.records import Record
from pawtrace.dataset.examples.shards import Records

_ROWS_AT_ONCE = 128  # compared with all of train: 128 x 20,000 x 4 words is 80 MB


def find_overlap(records: dict[str, Records], distance: int) -> list[dict[str, Any]]:
    """The examples of validation and test that look like a training example.

    Args:
      records: of all splits.
      distance: how many bits of the perceptual hashes may differ.
    Returns:
      Of each such example: id, split, train_id (of the nearest training example), distance (bits)
      and mirrored: whether it is its mirror image that is so near.
    """
    train = _hashes(records["train"], "train")[:, 0]
    found = []
    for split in ("validation", "test"):
        hashes = _hashes(records[split], split)
        (plain, plain_at), (mirrored, mirrored_at) = (_nearest(hashes[:, side], train) for side in (0, 1))
        is_mirrored = mirrored < plain
        bits, at = np.where(is_mirrored, mirrored, plain), np.where(is_mirrored, mirrored_at, plain_at)
        found += [
            {
                "id": records[split].ids[number],
                "split": split,
                "train_id": records["train"].ids[at[number]],
                "distance": int(bits[number]),
                "mirrored": bool(is_mirrored[number]),
            }
            for number in np.flatnonzero(bits <= distance)
        ]
    return found


def _hashes(records: Records, split: str) -> np.ndarray:
    """The perceptual hashes of images and of their mirror images: uint64 (n, 2, 4)."""

    def both(record: Record) -> np.ndarray:
        image = decode(record.encoded)
        return np.stack([perceptual_hash(image), perceptual_hash(image[:, ::-1])])

    items: Iterator[Record] = (records[number] for number in range(len(records)))
    return np.stack(list(ordered_map(both, items, title=f"hashes, {split}", total=len(records))))


def _nearest(hashes: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of the training hashes: its distance, bits, and its number, each int64 (n,)."""
    distances, numbers = [], []
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = hashes[start : start + _ROWS_AT_ONCE, None]
        bits = np.bitwise_count(rows ^ train).sum(axis=2, dtype=np.int64)
        numbers.append(bits.argmin(axis=1))
        distances.append(bits.min(axis=1))
    return np.concatenate(distances), np.concatenate(numbers)
