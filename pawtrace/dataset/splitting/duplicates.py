"""Which examples show the same picture: by their pixels, and by a perceptual hash.

Arrives: decoded images. Leaves: groups of examples that must never be in different splits.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_ROWS_AT_ONCE = 256  # compared against all others: 256 x 25,000 x 4 words is 200 MB


def pixel_digest(image: np.ndarray) -> str:
    """The sha256 of an image's size and pixels: equal for exact duplicates, whatever the file.

    Args:
      image: uint8 (height, width, 3), RGB.
    """
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def near_pairs(hashes: np.ndarray, distance: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs of hashes that differ in at most `distance` bits, in chunks.

    Args:
      hashes: uint64 (n, 4).
      distance: number of bits, 0..256.
    Yields:
      int64 (k,) first and int64 (k,) second positions, first < second.
    """
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = hashes[start : start + _ROWS_AT_ONCE, None, :]
        distances = np.bitwise_count(rows ^ hashes[None, start:, :]).sum(axis=2, dtype=np.uint16)
        first, second = np.nonzero(distances <= distance)
        later = second > first
        yield first[later] + start, second[later] + start


def group_duplicates(digests: Sequence[str], hashes: np.ndarray, distance: int) -> np.ndarray:
    """Put examples with equal pixels or near hashes, and what these are near to, into one group.

    Args:
      digests: pixel digests, n of them.
      hashes: uint64 (n, 4), perceptual hashes.
      distance: how many bits may differ between near duplicates.
    Returns:
      int32 (n,), the group of each example, numbered from 0.
    """
    first_with: dict[str, int] = {}
    equal = [(first_with.setdefault(digest, index), index) for index, digest in enumerate(digests)]
    pairs = [np.array(equal, dtype=np.int64).reshape(-1, 2).T, *map(np.stack, near_pairs(hashes, distance))]
    first, second = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(digests), len(digests)))
    return np.asarray(connected_components(graph, directed=False)[1])
