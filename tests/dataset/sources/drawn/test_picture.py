"""What drawn pictures promise: the same again from the same stream, varied, and not given away by colour."""

import numpy as np
import pytest

from pawtrace.dataset.sources.drawn.pen import Image
from pawtrace.dataset.sources.drawn.picture import MAX_SIDE_PX, MIN_SIDE_PX, draw_picture

CAT, DOG = 0, 1


@pytest.fixture(scope="module")
def pictures() -> dict[int, list[Image]]:
    """A dozen pictures of each class."""
    return {
        label: [draw_picture(label, np.random.default_rng([5, label, n])) for n in range(12)]
        for label in (CAT, DOG)
    }


def test_equal_streams_draw_equal_pictures(pictures: dict[int, list[Image]]) -> None:
    for label in (CAT, DOG):
        again = draw_picture(label, np.random.default_rng([5, label, 3]))
        np.testing.assert_array_equal(again, pictures[label][3])


def test_pictures_are_rgb_within_the_promised_sizes(pictures: dict[int, list[Image]]) -> None:
    for picture in pictures[CAT] + pictures[DOG]:
        assert picture.dtype == np.uint8
        assert picture.shape[2] == 3
        assert min(picture.shape[:2]) >= MIN_SIDE_PX
        assert max(picture.shape[:2]) <= MAX_SIDE_PX


def test_sizes_shapes_and_brightness_vary(pictures: dict[int, list[Image]]) -> None:
    for drawn in pictures.values():
        assert len({picture.shape for picture in drawn}) > 8
        assert {np.sign(picture.shape[0] - picture.shape[1]) for picture in drawn} >= {-1, 1}
        assert np.std([picture.mean() for picture in drawn]) > 10


def test_the_label_decides_the_animal_and_nothing_of_the_format() -> None:
    cat, dog = (draw_picture(label, np.random.default_rng(9)) for label in (CAT, DOG))
    assert cat.shape == dog.shape
    assert (cat != dog).any()


def test_both_classes_are_equally_bright_on_average() -> None:
    brightness = [
        [draw_picture(label, np.random.default_rng([8, n])).mean() for n in range(30)] for label in (CAT, DOG)
    ]
    # The same stream gives both the same background and fur, so what differs is the animal alone.
    assert abs(np.mean(brightness[CAT]) - np.mean(brightness[DOG])) < 15
