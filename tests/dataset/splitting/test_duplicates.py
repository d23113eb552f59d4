"""The same picture is recognised through copying; different pictures are not confused."""

import cv2
import numpy as np
import pytest

from pawtrace.dataset.examples.perceptual_hash import perceptual_hash, with_mirrored
from pawtrace.dataset.splitting.duplicates import group_duplicates, pixel_digest
from pawtrace.dataset.splitting.near_pairs import near_pairs
from tests.conftest import picture

DISTANCE = 56  # as in params.yaml


def differing_bits(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.asarray(np.bitwise_count(hashes[:, None] ^ others).sum(axis=2, dtype=int))


def bits_between(first: np.ndarray, second: np.ndarray) -> int:
    return int(differing_bits(perceptual_hash(first)[None], perceptual_hash(second)[None])[0, 0])


def reencoded(image: np.ndarray, quality: int) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1))


def test_near_duplicates_are_near_and_others_are_far() -> None:
    for seed in range(20):
        image = picture(seed, 200, 240)
        assert bits_between(image, reencoded(image, 40)) <= DISTANCE
        assert bits_between(image, cv2.resize(image, (168, 140), interpolation=cv2.INTER_AREA)) <= DISTANCE
        assert bits_between(image, image[2:-2, 3:-3]) <= DISTANCE
        assert bits_between(image, picture(seed + 100, 200, 240)) > DISTANCE


def test_the_digest_depends_on_pixels_and_shape_only() -> None:
    image = picture(0)
    assert pixel_digest(image) == pixel_digest(image[:, ::-1][:, ::-1])
    assert pixel_digest(image) != pixel_digest(image.reshape(image.shape[1], image.shape[0], 3))
    changed = image.copy()
    changed[0, 0, 0] ^= 1
    assert pixel_digest(image) != pixel_digest(changed)


def pairs_of(hashes: np.ndarray, others: np.ndarray, distance: int) -> dict[tuple[int, int], int]:
    blocks = [np.stack(pairs).T for pairs in near_pairs(hashes, others, distance)]
    return {(int(i), int(j)): int(bits) for block in blocks for i, j, bits in block}


def test_near_pairs_are_those_that_comparing_all_pairs_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pawtrace.dataset.splitting.near_pairs._ROWS_AT_ONCE", 100)
    rng = np.random.default_rng(0)
    hashes, others = (rng.integers(0, 2**64, (number, 4), dtype=np.uint64) for number in (450, 600))
    others[599] = hashes[3] ^ np.array([0b111, 0, 0, 1], np.uint64)
    others[301] = others[302] = hashes[449]
    bits = differing_bits(hashes, others)
    for distance in (0, 3, 4, 110, 128):
        expected = {(int(i), int(j)): int(bits[i, j]) for i, j in np.argwhere(bits <= distance)}
        assert pairs_of(hashes, others, distance) == expected
    assert (len(pairs_of(hashes, others, 3)), len(pairs_of(hashes, others, 4))) == (2, 3)


def test_hashes_that_differ_in_all_bits_are_farthest() -> None:
    none, every = np.zeros((1, 4), np.uint64), np.full((1, 4), 2**64 - 1, np.uint64)
    assert pairs_of(none, every, 255) == {}
    assert pairs_of(none, every, 256) == {(0, 0): 256}


def unmirrored(hashes: np.ndarray) -> np.ndarray:
    """The hashes with those of mirror images that are far from all others."""
    far = np.random.default_rng(0).integers(0, 2**64, hashes.shape, dtype=np.uint64)
    return np.stack([hashes, far], axis=1)


def test_groups_are_closed_under_similarity() -> None:
    hashes = np.zeros((5, 4), np.uint64)
    hashes[1, 0], hashes[2, 0] = 0b11, 0b1111  # 0-1-2 is a chain of two bits a link
    hashes[3], hashes[4] = np.uint64(2**64 - 1), np.uint64(0xAAAAAAAAAAAAAAAA)
    groups, num_mirrored = group_duplicates(["a", "b", "c", "d", "d"], unmirrored(hashes), 2)
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] == groups[4] != groups[0]  # equal pixels
    assert num_mirrored == 0


def test_a_mirror_image_is_in_the_group_of_its_picture_whatever_the_order() -> None:
    for seed in range(20):
        mirrored = cv2.resize(picture(seed, 200, 240)[:, ::-1], (168, 140), interpolation=cv2.INTER_AREA)
        images = [picture(seed, 200, 240), picture(seed + 100, 200, 240), reencoded(mirrored, 60)]
        for order in ([0, 1, 2], [2, 1, 0]):
            hashes = np.stack([with_mirrored(images[number]) for number in order])
            groups, num_mirrored = group_duplicates(["a", "b", "c"], hashes, DISTANCE)
            assert groups[0] == groups[2] != groups[1]
            assert num_mirrored == 1


def test_a_grouped_mirror_image_is_near_in_either_direction() -> None:
    """The two directions differ by a few bits, so one alone would miss pairs at the limit."""
    plain, mirrored = (np.zeros((2, 4), np.uint64) for _ in range(2))
    plain[1, 0], mirrored[1, 0] = 2**63 - 1, 0b11  # 0 to mirrored 1: 2 bits; 1 to mirrored 0: 63
    for turn in (slice(None), slice(None, None, -1)):
        hashes = np.stack([plain, mirrored], axis=1)[turn]
        groups, _ = group_duplicates(["a", "b"], hashes, 2)
        assert groups[0] == groups[1]
        assert group_duplicates(["a", "b"], hashes, 1).num_mirrored == 0
