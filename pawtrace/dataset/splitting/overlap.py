"""Which examples of validation and test look like a train example, or like its mirror image.

Arrives: the perceptual hashes of all examples. Leaves: `data/splits/overlap.csv`, empty as long as
`split.near_duplicate_distance` is at least `probe.overlap_distance`.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pawtrace.base.files import csv_text, write_text
from pawtrace.dataset.splitting.near_pairs import FindPairs, near_pairs

HELD_OUT = ("validation", "test")


class Overlap(NamedTuple):
    """An example that looks like a train example: a line of `overlap.csv`."""

    id: str
    split: str
    train_id: str  # of the nearest train example
    distance: int  # differing bits of the perceptual hashes
    mirrored: bool  # whether its mirror image is that near


def find_overlap(
    splits: Mapping[str, Iterable[str]],
    hashes: Mapping[str, np.ndarray],
    distance: int,
    find: FindPairs = near_pairs,
) -> Iterator[Overlap]:
    """The examples of validation and test that look like a train example.

    Args:
      splits: the ids of each split's examples.
      hashes: by id, uint64 (2, 4): of the image and of its mirror image.
      distance: how many bits may differ.
      find: finds the near pairs.
    Yields:
      By split and id; of equally near train examples, the unmirrored one with the first id.
    """
    train_ids = sorted(splits["train"])
    train = np.stack([hashes[id][0] for id in train_ids])
    for split in HELD_OUT:
        ids = sorted(splits[split])
        # A picture's row is followed by that of its mirror image.
        rows = np.array([hashes[id] for id in ids], np.uint64).reshape(-1, train.shape[1])
        found = (np.stack(pairs) for pairs in find(rows, train, distance))
        row, nearest, bits = np.concatenate([np.empty((3, 0), np.int64), *found], axis=1)
        number, mirrored = np.divmod(row, 2)
        order = np.lexsort((nearest, mirrored, bits, number))
        _, firsts = np.unique(number[order], return_index=True)
        for at in order[firsts]:
            yield Overlap(ids[number[at]], split, train_ids[nearest[at]], int(bits[at]), bool(mirrored[at]))


def write_overlap(path: Path, overlap: Iterable[Overlap]) -> None:
    """Write overlap.csv."""
    write_text(path, csv_text(Overlap._fields, overlap))
