"""Which examples show the same picture: by their pixels, and by a perceptual hash.

Arrives: decoded images. Leaves: groups of examples that must never be in different splits.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pawtrace.dataset.splitting.near_pairs import FindPairs, NearPairs, near_pairs


class Groups(NamedTuple):
    """Which examples are duplicates of each other."""

    numbers: np.ndarray  # int32 (n,), the group of each example, from 0
    num_mirrored: int  # how many more groups there would be without mirror images


def pixel_digest(image: np.ndarray) -> str:
    """The sha256 of an image's size and pixels: equal for exact duplicates, whatever the file.

    Args:
      image: uint8 (height, width, 3), RGB.
    """
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def group_duplicates(
    digests: Sequence[str], hashes: np.ndarray, distance: int, find: FindPairs = near_pairs
) -> Groups:
    """Put examples that show the same picture, mirrored or not, and their own duplicates into one group.

    Args:
      digests: pixel digests, n of them.
      hashes: uint64 (n, 2, 4), perceptual hashes of each image and of its mirror image.
      distance: how many bits may differ between near duplicates.
      find: finds the near pairs.
    """
    first_with: dict[str, int] = {}
    equal = [(first_with.setdefault(digest, index), index) for index, digest in enumerate(digests)]
    plain, mirrored = hashes[:, 0], hashes[:, 1]
    alike = [np.array(equal, dtype=np.int64).T, *_positions(find(plain, plain, distance))]
    num_unmirrored, _ = _components(alike, len(digests))
    # All pairs both ways: the hash of a mirror image has its own median, so that the distance of a to
    # mirrored b and that of b to mirrored a differ by a few bits.
    num_groups, numbers = _components([*alike, *_positions(find(plain, mirrored, distance))], len(digests))
    return Groups(numbers, num_unmirrored - num_groups)


def _positions(found: Iterator[NearPairs]) -> Iterator[np.ndarray]:
    for pairs in found:
        yield np.stack([pairs.first, pairs.second])


def _components(pairs: list[np.ndarray], num_examples: int) -> tuple[int, np.ndarray]:
    """The number of connected components and that of each example."""
    first, second = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(num_examples, num_examples))
    count, numbers = connected_components(graph, directed=False)
    return int(count), np.asarray(numbers)
