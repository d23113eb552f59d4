import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from pawtrace.dataset.sources import inspection
from pawtrace.dataset.sources.formats import Rejected
from pawtrace.dataset.sources.inspection import decode_rgb, inspect, made_upright
from tests.dataset.photos import encoded, photo, pixels

MAX_PIXELS = 10_000
EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif"}


def gradient(width: int = 40, height: int = 24) -> Image.Image:
    """A smooth picture without any symmetry: survives JPEG, shows a rotation."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, across * down / 255], axis=-1).astype(np.uint8))


def with_orientation(orientation: int, **how: Any) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(gradient(), exif=exif, quality=95, subsampling=0, **how)


def rejection(name: str, content: bytes) -> str:
    with pytest.raises(Rejected) as reason:
        inspect(name, content, MAX_PIXELS)
    return str(reason.value)


def stored_format(stored: bytes) -> str | None:
    with Image.open(io.BytesIO(stored)) as image:
        assert image.mode == "RGB"
        assert not image.getexif()
        return image.format


def test_an_upright_rgb_jpeg_is_stored_as_it_came() -> None:
    assert inspect("Cat/1.jpg", photo(), MAX_PIXELS) == photo()
    assert inspect("Cat/1.JPEG", photo(progressive=True), MAX_PIXELS) == photo(progressive=True)
    assert inspect("Cat/1.jfif", with_orientation(1), MAX_PIXELS) == with_orientation(1)


def test_a_jpeg_of_several_pictures_is_a_jpeg() -> None:
    several = encoded(pixels(1), "MPO", save_all=True, append_images=[Image.fromarray(pixels(2))])

    assert inspect("1.jpg", several, MAX_PIXELS) == several
    assert decode_rgb(several).shape == (12, 16, 3)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "BMP", "GIF"])
def test_other_formats_are_stored_as_png(file_format: str) -> None:
    content = encoded(pixels(), file_format)

    stored = inspect(f"1{EXTENSIONS[file_format]}", content, MAX_PIXELS)

    assert stored_format(stored) == "PNG"
    np.testing.assert_array_equal(decode_rgb(stored), decode_rgb(content))


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


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("1.jpg", b"", "empty"),
        ("1.jpg", b"<html><body>404</body></html>", "HTML page: .*download"),
        ("1.jpg", b"GIF89a", "corrupt"),
        ("1.jpg", photo()[:20], "corrupt"),
        ("1.jpg", encoded(pixels(width=64, height=64))[:-500], "truncated"),
        ("1.png", encoded(pixels(), "PNG")[:-300], "truncated"),
        ("Thumbs.db", photo(), "system file"),
        ("1.jpg", encoded(pixels(width=7)), "too small.*7 x 12.*8"),
        ("1.png", encoded(pixels(width=301, height=10), "PNG"), "too narrow.*301 x 10.*30"),
        ("1.jpg", encoded(pixels(width=101, height=100)), "too many pixels.*101 x 100.*10000"),
    ],
)
def test_what_is_no_good_image_is_rejected_with_a_reason(name: str, content: bytes, reason: str) -> None:
    assert re.search(reason, rejection(name, content))


def test_a_damaged_png_is_rejected() -> None:
    content = bytearray(encoded(pixels(), "PNG"))
    content[content.find(b"IDAT") + 30] ^= 0xFF

    assert rejection("1.png", bytes(content)) in ("corrupt", "truncated")


def test_a_pixel_bomb_is_rejected_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = encoded(Image.new("1", (20_000, 20_000)), "PNG")  # 400 million pixels: beyond PIL's own limit
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("decoded"))

    assert re.search("too many pixels.*20000 x 20000", rejection("1.png", bomb))


def test_the_limit_is_ours_and_not_pils(monkeypatch: pytest.MonkeyPatch) -> None:
    large = encoded(Image.new("1", (20_000, 10_000)), "PNG")  # PIL raises from 179 million pixels
    monkeypatch.setattr(inspection, "_rgb", lambda _: np.zeros((8, 8, 3), np.uint8))  # to be quick

    assert inspect("1.png", large, max_pixels=200_000_000)


def test_damaged_metadata_around_sound_pixels_does_no_harm() -> None:
    content = photo(exif=b"Exif\0\0II*\0garbage garbage garbage")

    assert inspect("1.jpg", content, MAX_PIXELS) == content


def test_only_rotated_and_cmyk_jpegs_are_made_upright() -> None:
    cmyk, grey = (encoded(gradient().convert(mode)) for mode in ("CMYK", "L"))

    assert made_upright(cmyk) == inspect("1.jpg", cmyk, MAX_PIXELS)
    for content in (photo(), grey, with_orientation(1), with_orientation(6)[:-100], b"garbage"):
        assert made_upright(content) == content


def test_what_cannot_be_decoded_is_rejected() -> None:
    with pytest.raises(Rejected, match="not an image"):
        decode_rgb(b"\x00\x7f\x80garbage")
