"""Which examples of validation and test look like a train example, or like its mirror image.

Arrives: the perceptual hashes of all examples. Leaves: `data/splits/overlap.csv`, empty as long as
`split.near_duplicate_distance` is at least `probe.overlap_distance`.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pawtrace.base.files import csv_text, write_text
from pawtrace.dataset.examples.perceptual_hash import differing_bits

HELD_OUT = ("validation", "test")


class Overlap(NamedTuple):
    """An example that looks like a train example: a line of `overlap.csv`."""

    id: str
    split: str
    train_id: str  # of the nearest train example
    distance: int  # differing bits of the perceptual hashes
    mirrored: bool  # whether its mirror image is that near


def find_overlap(
    splits: Mapping[str, Iterable[str]], hashes: Mapping[str, np.ndarray], distance: int
) -> Iterator[Overlap]:
    """The examples of validation and test that look like a train example.

    Args:
      splits: the ids of each split's examples.
      hashes: by id, uint64 (2, 4): of the image and of its mirror image.
      distance: how many bits may differ.
    Yields:
      By split and id; of equally near train examples, the unmirrored one with the first id.
    """
    train_ids = sorted(splits["train"])
    train = np.stack([hashes[id][0] for id in train_ids])
    for split in HELD_OUT:
        for id in sorted(splits[split]):
            bits = differing_bits(hashes[id], train)
            mirrored, nearest = divmod(int(bits.argmin()), len(train))
            if bits[mirrored, nearest] <= distance:
                yield Overlap(id, split, train_ids[nearest], int(bits[mirrored, nearest]), bool(mirrored))


def write_overlap(path: Path, overlap: Iterable[Overlap]) -> None:
    """Write overlap.csv."""
    write_text(path, csv_text(Overlap._fields, overlap))
