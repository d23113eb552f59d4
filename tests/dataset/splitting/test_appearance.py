"""What a picture looks like apart from what it shows."""

import cv2
import numpy as np

from pawtrace.dataset.splitting.appearance import appearance_of


def noise(height: int = 90, width: int = 120) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 180, (height, width, 3), np.uint8)


def test_size_and_file_type_are_those_of_the_stored_picture() -> None:
    appearance = appearance_of("Cat/1.JPG", noise(90, 120), 4321)
    assert (appearance.width_px, appearance.height_px, appearance.num_bytes) == (120, 90, 4321)
    assert appearance.file_type == ".jpg"


def test_a_brighter_picture_is_brighter() -> None:
    dark, bright = (appearance_of("a", np.full((50, 50, 3), value, np.uint8), 1) for value in (40, 200))
    assert (dark.brightness, bright.brightness) == (40, 200)


def test_blurring_lowers_the_sharpness() -> None:
    sharp = noise()
    blurred = cv2.GaussianBlur(sharp, (9, 9), 4)
    assert appearance_of("a", blurred, 1).sharpness < appearance_of("a", sharp, 1).sharpness / 10


def test_a_black_and_white_picture_has_no_colour() -> None:
    grey = np.repeat(noise()[..., :1], 3, axis=2)
    assert appearance_of("a", grey, 1).colour == 0
    assert appearance_of("a", noise(), 1).colour > 20
