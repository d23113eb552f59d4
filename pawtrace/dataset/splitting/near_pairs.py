"""Pairs of pictures whose perceptual hashes are near: exact, and in little memory.

Arrives: perceptual hashes. Leaves: pairs, with the number of bits that differ.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

_ROWS_AT_ONCE = 2**14  # of hashes that are looked up: bounds the memory for the pairs that are found


class NearPairs(NamedTuple):
    """Some of the pairs: each array has k entries."""

    first: np.ndarray  # int64, positions in the hashes
    second: np.ndarray  # int64, positions in the others
    distances: np.ndarray  # int64, how many bits differ


FindPairs = Callable[[np.ndarray, np.ndarray, int], Iterator[NearPairs]]  # as `near_pairs`


def near_pairs(hashes: np.ndarray, others: np.ndarray, distance: int) -> Iterator[NearPairs]:
    """All pairs of a hash and one of the others that differ in at most `distance` bits, in blocks.

    Compares all with all, by faiss's binary index.

    Args:
      hashes: uint64 (n, 4).
      others: uint64 (m, 4).
      distance: number of bits, 0..256.
    Yields:
      In the order of the hashes; the pairs of one hash in any order.
    """
    import faiss  # takes half a second

    index = faiss.IndexBinaryFlat(8 * others.dtype.itemsize * others.shape[1])
    index.add(_bytes(others))
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = hashes[start : start + _ROWS_AT_ONCE]
        # faiss counts what is nearer than a radius.
        ends, distances, second = index.range_search(_bytes(rows), distance + 1)
        first = np.repeat(np.arange(len(rows)), np.diff(ends.astype(np.int64)))
        yield NearPairs(first + start, second, distances.astype(np.int64))


def _bytes(hashes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(hashes).view(np.uint8)
