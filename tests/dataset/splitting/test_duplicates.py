"""The same picture is recognised through copying; different pictures are not confused."""

import cv2
import numpy as np

from pawtrace.dataset.examples.perceptual_hash import perceptual_hash
from pawtrace.dataset.splitting.duplicates import group_duplicates, near_pairs, pixel_digest
from tests.conftest import picture

DISTANCE = 56  # as in params.yaml


def differing_bits(first: np.ndarray, second: np.ndarray) -> int:
    return int(np.bitwise_count(perceptual_hash(first) ^ perceptual_hash(second)).sum())


def reencoded(image: np.ndarray, quality: int) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1))


def test_near_duplicates_are_near_and_others_are_far() -> None:
    for seed in range(20):
        image = picture(seed, 200, 240)
        assert differing_bits(image, reencoded(image, 40)) <= DISTANCE
        assert differing_bits(image, cv2.resize(image, (168, 140), interpolation=cv2.INTER_AREA)) <= DISTANCE
        assert differing_bits(image, image[2:-2, 3:-3]) <= DISTANCE
        assert differing_bits(image, picture(seed + 100, 200, 240)) > DISTANCE


def test_the_digest_depends_on_pixels_and_shape_only() -> None:
    image = picture(0)
    assert pixel_digest(image) == pixel_digest(image[:, ::-1][:, ::-1])
    assert pixel_digest(image) != pixel_digest(image.reshape(image.shape[1], image.shape[0], 3))
    changed = image.copy()
    changed[0, 0, 0] ^= 1
    assert pixel_digest(image) != pixel_digest(changed)


def test_near_pairs_finds_what_comparing_all_pairs_finds() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, (600, 4), dtype=np.uint64)
    hashes[599] = hashes[3] ^ np.array([0b111, 0, 0, 1], np.uint64)  # 4 bits, across chunks
    hashes[301] = hashes[300]
    found = {pair for chunk in near_pairs(hashes, 4) for pair in zip(*map(list, chunk), strict=True)}
    assert found == {(3, 599), (300, 301)}
    assert {p for c in near_pairs(hashes, 3) for p in zip(*map(list, c), strict=True)} == {(300, 301)}


def test_groups_are_closed_under_similarity() -> None:
    hashes = np.zeros((5, 4), np.uint64)
    hashes[1, 0], hashes[2, 0] = 0b11, 0b1111  # 0-1-2 is a chain of two bits a link
    hashes[3], hashes[4] = np.uint64(2**64 - 1), np.uint64(0xAAAAAAAAAAAAAAAA)
    groups = group_duplicates(["a", "b", "c", "d", "d"], hashes, 2)  # 3 and 4: equal pixels
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] == groups[4] != groups[0]
