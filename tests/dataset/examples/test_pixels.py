"""Images are scaled without aliasing and keep their colours."""

import numpy as np
import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.pixels import decode, encode_jpeg, resize_shorter_side
from pawtrace.dataset.sources.inspection import MAX_ASPECT_RATIO
from tests.conftest import picture


def test_colours_survive_encoding() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    assert np.abs(decode(encode_jpeg(red, 95)).astype(int) - red).max() <= 6


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((100, 200), (32, 64)),
        ((200, 100), (64, 32)),
        ((33, 400), (32, 388)),
        ((20, 30), (32, 48)),
        ((32, 32), (32, 32)),
    ],
)
def test_the_shorter_side_gets_the_size_and_the_longer_keeps_its_ratio(
    shape: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert resize_shorter_side(picture(1, *shape), 32).shape == (*expected, 3)


def test_shrinking_averages_instead_of_picking_pixels() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255  # as fine as can be: a sampled pixel would be black or white
    assert np.abs(resize_shorter_side(stripes, 32).astype(int) - 127).max() <= 2


@pytest.mark.slow
def test_the_longest_image_that_is_kept_fits_into_a_record_of_any_size() -> None:
    longest = resize_shorter_side(picture(1, 8, 8 * MAX_ASPECT_RATIO), 2048)
    assert decode(encode_jpeg(longest, 50)).shape == longest.shape


def test_what_jpeg_cannot_hold_is_refused_and_not_written_as_nothing() -> None:
    with pytest.raises(DataError, match="65501 x 8.*65500"):
        encode_jpeg(np.zeros((8, 65_501, 3), np.uint8), 50)


@pytest.mark.parametrize("encoded", [b"", b"hello", encode_jpeg(np.zeros((16, 16, 3), np.uint8), 95)[:30]])
def test_bytes_that_are_no_image_are_named_with_what_to_run(encoded: bytes) -> None:
    with pytest.raises(DataError, match=r"Cat/1.jpg: .*run: dvc repro.* download"):
        decode(encoded, "Cat/1.jpg")
