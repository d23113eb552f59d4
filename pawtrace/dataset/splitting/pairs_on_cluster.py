"""Near pairs of a large data set: blocks of hashes are looked up by the workers of a cluster.

Arrives: perceptual hashes. Leaves: the same pairs as `near_pairs`. The hashes wait in files of the project's
folder, which every worker sees; a worker has as many of them in memory as there are pictures, 32 bytes each.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pawtrace.config.paths import WORK
from pawtrace.dataset.splitting.near_pairs import NearPairs, near_pairs
from pawtrace.running.cluster.shard_map import SCHEDULER, map_shards

_FOLDER = WORK / "near_pairs"
_ROWS_AT_ONCE = 2**12


class Block(NamedTuple):
    """Hashes that are looked up together, among all others."""

    rows: Path  # .npy files
    others: Path
    start: int
    num_rows: int
    distance: int


def pairs_for_split(hashes: np.ndarray, others: np.ndarray, distance: int) -> Iterator[NearPairs]:
    """As `near_pairs`: here, or on the cluster whose address PAWTRACE_SCHEDULER has."""
    if not os.environ.get(SCHEDULER):
        yield from near_pairs(hashes, others, distance)
        return
    shutil.rmtree(_FOLDER, ignore_errors=True)  # of a run that was killed
    _FOLDER.mkdir(parents=True)
    try:
        blocks = list(_blocks(_FOLDER.resolve(), hashes, others, distance))
        sizes = [block.num_rows for block in blocks]
        yield from map_shards(pairs_of, blocks, title="near duplicates", sizes=sizes)
    finally:
        shutil.rmtree(_FOLDER)


def _blocks(folder: Path, hashes: np.ndarray, others: np.ndarray, distance: int) -> Iterator[Block]:
    rows_file, others_file = folder / "rows.npy", folder / "others.npy"
    np.save(rows_file, hashes)
    np.save(others_file, others)
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        num_rows = min(_ROWS_AT_ONCE, len(hashes) - start)
        yield Block(rows_file, others_file, start, num_rows, distance)


def pairs_of(block: Block) -> NearPairs:
    """The pairs of a block's hashes; what a worker does."""
    import faiss

    faiss.omp_set_num_threads(1)  # a worker has one core
    rows = np.load(block.rows, mmap_mode="r")[block.start : block.start + block.num_rows]
    found = list(near_pairs(rows, np.load(block.others, mmap_mode="r"), block.distance))
    first, second, distances = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return NearPairs(first + block.start, second, distances)
