import re
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from pawtrace.dataset.sources import inspection
from pawtrace.dataset.sources.formats import Rejected
from pawtrace.dataset.sources.inspection import decode_rgb, inspect
from tests.dataset.photos import encoded, photo, pixels
from tests.dataset.sources.made_photos import MAX_PIXELS, gradient, stored_format, with_orientation

OTHER_FORMATS = ("PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF")


def rejection(name: str, content: bytes) -> str:
    with pytest.raises(Rejected) as reason:
        inspect(name, content, MAX_PIXELS)
    return str(reason.value)


def test_an_upright_rgb_jpeg_is_stored_as_it_came() -> None:
    assert inspect("Cat/1.jpg", photo(), MAX_PIXELS) == photo()
    assert inspect("Cat/1.JPEG", photo(progressive=True), MAX_PIXELS) == photo(progressive=True)
    assert inspect("Cat/1.jfif", with_orientation(1), MAX_PIXELS) == with_orientation(1)


def test_a_jpeg_of_several_pictures_is_a_jpeg() -> None:
    several = encoded(pixels(1), "MPO", save_all=True, append_images=[Image.fromarray(pixels(2))])

    assert inspect("1.jpg", several, MAX_PIXELS) == several
    assert decode_rgb(several).shape == (12, 16, 3)


@pytest.mark.parametrize("name", ["1.jpg", "1", "1.JPG_large", "1.jpg?w=640", "1.png.", "1.heic", "1.txt"])
@pytest.mark.parametrize("file_format", OTHER_FORMATS)
def test_other_formats_are_read_whatever_their_name_and_stored_as_png(file_format: str, name: str) -> None:
    content = encoded(gradient(), file_format)

    stored = inspect(name, content, MAX_PIXELS)

    assert stored_format(stored) == "PNG"
    np.testing.assert_array_equal(decode_rgb(stored), decode_rgb(content))
    assert np.abs(decode_rgb(stored).astype(int) - np.asarray(gradient())).mean() < 20


@pytest.mark.parametrize("name", ["1.png", "1", "photo.jpg_large"])
def test_a_jpeg_is_stored_as_it_came_whatever_its_name(name: str) -> None:
    assert inspect(name, photo(), MAX_PIXELS) == photo()


@pytest.mark.parametrize("file_format", ["AVIF", "TIFF"])  # HEIC: its container turns it, and no EXIF
def test_other_formats_are_turned_upright(file_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    stored = inspect("1", encoded(gradient(), file_format, exif=exif), MAX_PIXELS)

    upright = np.rot90(np.asarray(gradient()), -1)
    assert decode_rgb(stored).shape == upright.shape
    assert np.abs(decode_rgb(stored).astype(int) - upright).mean() < 20


def test_a_jpeg_that_later_stages_cannot_decode_is_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection.cv2, "imdecode", lambda *_: None)

    stored = inspect("1.jpg", photo(), MAX_PIXELS)

    assert stored != photo()
    assert stored_format(stored) == "JPEG"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_picture_of_many_bands_is_the_same_as_in_one(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(gradient().convert(mode), "PNG")
    whole = decode_rgb(content)
    monkeypatch.setattr(inspection, "_BAND_PIXELS", 100)

    np.testing.assert_array_equal(decode_rgb(content), whole)


def test_no_warning_of_a_decoder_shows_and_all_others_do_even_after_many_threads() -> None:
    odd = photo(exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0")  # of which PIL warns
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: inspect("1.jpg", odd, MAX_PIXELS), range(200)))
        assert not shown
        warnings.warn("seen", stacklevel=1)
        assert [str(each.message) for each in shown] == ["seen"]


RAW = encoded(pixels(), "TIFF")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("1.CR2", RAW),
        ("1.dng", RAW),
        ("1.nef", RAW[:40]),
        ("1.jpg", encoded(pixels(), "TIFF", tiffinfo={50706: b"\1\4\0\0"})),
        ("1.jpg", encoded(pixels(), "TIFF", tiffinfo={254: 1})),
        ("1.jpg", b"II*\0\x10\0\0\0CR\2\0" + bytes(90)),
        ("1", b"FUJIFILMCCD-RAW 0201"),
        ("1", b"IIU\0\x18\0\0\0" + bytes(90)),
        ("1", b"\0\0\0\x18ftypcrx \0\0\0\1"),
    ],
)
def test_camera_raw_is_called_so_and_never_read_as_its_thumbnail(name: str, content: bytes) -> None:
    assert re.search("camera raw: .*JPEG", rejection(name, content))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(20), "JPEG 2000: .*JPEG"),
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000: .*JPEG"),
        (b"\xff\x0a" + bytes(9), "JPEG XL: .*JPEG"),
        (b"\0\0\1\0\1\0\x10\x10" + bytes(20), "icon: "),
        (b"8BPS\0\1", "Photoshop document: .*JPEG"),
        (b"%PDF-1.7\n", "PDF document: "),
        (b"\0\0\0\x20ftypisom" + bytes(20), "video: "),
        (b"\0\0\0\x14ftypqt  " + bytes(20), "video: "),
        (b"\x1aE\xdf\xa3" + bytes(9), "video: "),
        (b"RIFF\0\0\0\0AVI LIST", "video: "),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
            "LFS pointer: .*git lfs pull",
        ),
        (b"<!DOCTYPE html><html>404", "HTML page: .*download"),
        (b"\xef\xbb\xbf\n <html lang='de'>", "HTML page: .*download"),
        (b"<svg/>", "SVG drawing: "),
        (b"<?xml version='1.0'?>\n<!-- a -->\n<svg xmlns='x'>", "SVG drawing: "),
        (b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code>", "XML or HTML file: .*download"),
        (b"PK\3\4" + bytes(30), "zip archive: "),
        (b"Rar!\x1a\7\1\0", "RAR archive: "),
        (b"hello, gr\xc3\xbc\xc3\x9fe", "text: "),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "system file: "),
        (b"II*\0" + b"\xff" * 40, "TIFF: .*damaged"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "corrupt"),
        (b"RIFF\4\0\0\0WEBP", "corrupt"),
        (encoded(Image.new("F", (9, 9)), "TIFF"), "unusual.* F"),
    ],
)
def test_what_is_no_photo_is_called_by_its_name(content: bytes, said: str) -> None:
    assert re.search(said, rejection("Cat/1.jpg", content))


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "a/_DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/Cat/1.jpg", "._1.jpg", "Icon\ufffd"],
)
def test_files_of_file_browsers_are_called_so(name: str) -> None:
    assert rejection(name, photo()).startswith("system file")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("1.jpg", b"", "empty"),
        ("1.jpg", b"<html><body>404</body></html>", "HTML page: .*download"),
        ("1.jpg", b"GIF89a", "corrupt"),
        ("1.jpg", photo()[:20], "corrupt"),
        ("1.jpg", encoded(pixels(width=64, height=64))[:-500], "truncated"),
        ("1.png", encoded(pixels(), "PNG")[:-300], "truncated"),
        ("1.jpg", encoded(pixels(width=7)), "too small.*7 x 12.*8"),
        ("1.png", encoded(pixels(width=301, height=10), "PNG"), "too narrow.*301 x 10.*30"),
        ("1.jpg", encoded(pixels(width=101, height=100)), "too many pixels.*101 x 100.*10000"),
    ],
)
def test_what_is_no_good_image_is_rejected_with_a_reason(name: str, content: bytes, reason: str) -> None:
    assert re.search(reason, rejection(name, content))


def test_webp_which_needs_twice_the_memory_may_have_half_the_pixels() -> None:
    assert inspect("1", encoded(pixels(width=100, height=50), "WEBP"), MAX_PIXELS)
    assert re.search(
        "too many pixels.*100 x 51.*5000 of WEBP",
        rejection("1", encoded(pixels(width=100, height=51), "WEBP")),
    )


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


def test_what_cannot_be_decoded_is_rejected() -> None:
    with pytest.raises(Rejected, match="not an image"):
        decode_rgb(b"\x00\x7f\x80garbage")
