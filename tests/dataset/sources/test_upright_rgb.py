"""Photos of any orientation, mode and depth become upright RGB with eight bits."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from pawtrace.dataset.sources.inspection import decode_rgb, inspect, made_upright
from tests.dataset.photos import encoded, photo, pixels
from tests.dataset.sources.made_photos import MAX_PIXELS, gradient, stored_format, with_orientation


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    content = with_orientation(orientation)
    with Image.open(io.BytesIO(content)) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))

    stored = inspect("1.jpg", content, MAX_PIXELS)

    assert stored_format(stored) == "JPEG"
    assert decode_rgb(stored).shape == upright.shape
    assert np.abs(decode_rgb(stored).astype(int) - upright).max() <= 6
    assert made_upright(content) == stored


def test_exif_orientation_of_a_png_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    stored = inspect("1.png", encoded(pixels(), "PNG", exif=exif), MAX_PIXELS)

    np.testing.assert_array_equal(decode_rgb(stored), np.rot90(pixels(), -1))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs_become_rgb(mode: str) -> None:
    stored = inspect("1.jpg", encoded(gradient().convert(mode), quality=95), MAX_PIXELS)

    assert stored_format(stored) == "JPEG"
    expected = np.asarray(gradient().convert(mode).convert("RGB"))
    assert np.abs(decode_rgb(stored).astype(int) - expected).mean() < 3


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "L"])
def test_any_mode_becomes_rgb(mode: str) -> None:
    image = gradient().convert(mode)

    stored = inspect("1.png", encoded(image, "PNG"), MAX_PIXELS)

    np.testing.assert_array_equal(decode_rgb(stored), np.asarray(image.convert("RGB")))


def test_what_is_transparent_becomes_white() -> None:
    rgba = pixels(channels=4)
    rgba[..., 3] = 0
    palette = Image.new("P", (16, 12), 0)

    assert (decode_rgb(encoded(rgba, "PNG")) == 255).all()
    assert (decode_rgb(encoded(palette, "PNG", transparency=0)) == 255).all()
    assert (decode_rgb(encoded(palette, "GIF", transparency=0)) == 255).all()


def test_sixteen_bits_are_scaled_to_eight() -> None:
    deep = np.tile(np.linspace(0, 65535, 16).astype(np.uint16), (12, 1))

    grey = decode_rgb(encoded(deep, "PNG"))

    np.testing.assert_array_equal(grey[0, :, 0], np.arange(0, 256, 17))


def test_only_rotated_and_cmyk_jpegs_are_made_upright() -> None:
    cmyk, grey = (encoded(gradient().convert(mode)) for mode in ("CMYK", "L"))

    assert made_upright(cmyk) == inspect("1.jpg", cmyk, MAX_PIXELS)
    for content in (photo(), grey, with_orientation(1), with_orientation(6)[:-100], b"garbage"):
        assert made_upright(content) == content
