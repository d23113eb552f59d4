"""Pairs of pictures whose perceptual hashes are near: exact, by blocks, and in little memory.

Arrives: perceptual hashes. Leaves: pairs, with the number of bits that differ. A block of hashes is looked up
by whichever worker is free; the hashes wait in files that all workers see.
"""

import functools
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pawtrace.config.paths import WORK
from pawtrace.running.cluster.shard_map import map_shards

_ROWS_AT_ONCE = 2**12  # of hashes that are looked up: bounds the memory for the pairs that are found
_BUILDING = threading.Lock()


class NearPairs(NamedTuple):
    """Some of the pairs: each array has k entries."""

    first: np.ndarray  # int64, positions in the hashes
    second: np.ndarray  # int64, positions in the others
    distances: np.ndarray  # int64, how many bits differ


class Block(NamedTuple):
    """Hashes that are looked up together, among all others."""

    rows: Path  # .npy files
    others: Path
    start: int
    num_rows: int
    distance: int


def near_pairs(hashes: np.ndarray, others: np.ndarray, distance: int) -> Iterator[NearPairs]:
    """All pairs of a hash and one of the others that differ in at most `distance` bits, in blocks.

    Compares all with all, by faiss's binary index; see `map_shards` for where.

    Args:
      hashes: uint64 (n, 4).
      others: uint64 (m, 4).
      distance: number of bits, 0..256.
    Yields:
      In the order of the hashes; the pairs of one hash in any order.
    """
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hashes", dir=WORK.resolve()) as folder:
        rows_file, others_file = Path(folder, "rows.npy"), Path(folder, "others.npy")
        for path, content in ((rows_file, hashes), (others_file, others)):
            np.save(path, np.ascontiguousarray(content).view(np.uint8))
        starts = range(0, len(hashes), _ROWS_AT_ONCE)
        sizes = [min(_ROWS_AT_ONCE, len(hashes) - start) for start in starts]
        blocks = [
            Block(rows_file, others_file, start, size, distance)
            for start, size in zip(starts, sizes, strict=True)
        ]
        yield from map_shards(pairs_of, blocks, title="near duplicates", sizes=sizes)
        _index.cache_clear()


def pairs_of(block: Block) -> NearPairs:
    """The pairs of a block's hashes."""
    import faiss  # takes half a second

    faiss.omp_set_num_threads(1)  # of this thread: other blocks have the other cores
    rows = np.load(block.rows, mmap_mode="r")[block.start : block.start + block.num_rows]
    with _BUILDING:  # once, not by each thread
        index = _index(block.others)
    # faiss counts what is nearer than a radius.
    ends, distances, second = index.range_search(np.ascontiguousarray(rows), block.distance + 1)
    first = np.repeat(np.arange(len(rows)), np.diff(ends.astype(np.int64)))
    return NearPairs(first + block.start, second, distances.astype(np.int64))


@functools.lru_cache(maxsize=1)
def _index(others: Path) -> Any:
    """An index of all hashes of a file, kept for a worker's next block."""
    import faiss

    content = np.load(others)
    index = faiss.IndexBinaryFlat(8 * content.shape[1])
    index.add(content)
    return index
