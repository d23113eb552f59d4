"""Whether a file is a photo that can be read, and its bytes as they are stored.

Arrives: the bytes of one file of an archive. Leaves: a JPEG or PNG that is upright and RGB. The bytes
decide what a file is; its name decides only whether a TIFF is a camera's raw file.
"""

import io
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pawtrace.dataset.sources.formats import Rejected, check_readable, is_jpeg, opened, tile_pixels
from pawtrace.dataset.sources.true_names import SYSTEM_FILE, is_system_file

MIN_SIDE_PX = 8
# No photo is longer; scaled to the largest preprocess.image_size_px it still fits into a JPEG.
MAX_ASPECT_RATIO = 30
JPEG_QUALITY = 95  # of what has to be encoded again

# 16-bit RGBA without compression, and room for metadata: no image within the limit is larger.
_MAX_BYTES_PER_PIXEL = 8
_MAX_METADATA_BYTES = 2**24
_BAND_PIXELS = 2**20  # converted at once, so that a large image is not in memory several times
_WEBP = "WEBP"
_ORIENTATION_TAG = 0x0112
_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: pixels[::-1].transpose(1, 0, 2),
    7: lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
    8: lambda pixels: pixels[:, ::-1].transpose(1, 0, 2),
}


def max_file_bytes(max_pixels: int) -> int:
    """The size beyond which a file can be no image of `max_pixels`."""
    return max_pixels * _MAX_BYTES_PER_PIXEL + _MAX_METADATA_BYTES


def inspect(name: str, encoded: bytes, max_pixels: int) -> bytes:
    """Check one image file by decoding it completely, and make it upright and RGB.

    Args:
      name: the file's path.
      encoded: the file's bytes: JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF (its first frame).
      max_pixels: height x width at most; checked before decoding.
    Returns:
      The bytes to store: as they came for an RGB JPEG that is upright, else encoded again: from a
      JPEG as JPEG, from anything else as PNG.
    Raises:
      Rejected: the file is no such image, is damaged, too large, too small or too narrow.
    """
    if is_system_file(name):
        raise Rejected(str(SYSTEM_FILE))
    extension = PurePosixPath(name).suffix.lower()
    with opened(encoded, extension) as image:
        check_readable(image, extension)
        _check_size(image, max_pixels)
        _load(image)
        _check_size(image, max_pixels)  # a HEIC's size may only be known now
        is_upright_rgb = image.mode == "RGB" and _orientation(image) not in _UPRIGHT
        if is_jpeg(image) and is_upright_rgb and _opencv_reads(encoded):
            return encoded
        pixels = _upright_rgb(image)
        return _as_jpeg(pixels) if is_jpeg(image) else _encode(pixels, format="PNG")


def decode_rgb(encoded: bytes) -> NDArray[np.uint8]:
    """Decode an image, upright.

    Args:
      encoded: the bytes of an image that `inspect` reads.
    Returns:
      uint8 (height, width, 3), RGB, 0..255; what was transparent is white.
    Raises:
      Rejected: the bytes are no image or a damaged one.
    """
    with opened(encoded) as image:
        return _upright_rgb(image)


def made_upright(encoded: bytes) -> bytes:
    """The same JPEG; encoded again only if EXIF rotates it or it is CMYK. As it came if unreadable."""
    try:
        with opened(encoded) as image:
            if image.mode != "CMYK" and _orientation(image) not in _UPRIGHT:
                return encoded
            return _as_jpeg(_upright_rgb(image))
    except Rejected:
        return encoded


def _as_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    return _encode(pixels, format="JPEG", quality=JPEG_QUALITY, subsampling=0)


def _encode(pixels: NDArray[np.uint8], **how: Any) -> bytes:
    # From an array, so that no metadata of the original comes along.
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, **how)
    return file.getvalue()


def _check_size(image: Image.Image, max_pixels: int) -> None:
    size = f"{image.width} x {image.height}"
    if image.format == _WEBP:
        max_pixels //= 2  # its decoder needs twice the memory of the others
    if image.width * image.height > max_pixels or tile_pixels(image) > max_pixels:
        raise Rejected(f"too many pixels: {size}, expected at most {max_pixels} of {image.format}")
    if min(image.size) < MIN_SIDE_PX:
        raise Rejected(f"too small: {size}, expected sides of at least {MIN_SIDE_PX}")
    if max(image.size) > MAX_ASPECT_RATIO * min(image.size):
        raise Rejected(
            f"too narrow: {size}, expected one side to be at most {MAX_ASPECT_RATIO} times the other"
        )


def _load(image: Image.Image) -> None:
    """Decode the image, as PIL keeps it."""
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:  # as above: many kinds
        raise Rejected("truncated" if "truncated" in str(error) else "corrupt") from None


def _upright_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of an image, which is closed: it would stay in memory beside what is made of them."""
    _load(image)
    try:
        rgb, turned = _rgb(image), _UPRIGHT.get(_orientation(image))
    except MemoryError:
        raise
    except Exception:  # a palette or a transparency that makes no sense
        raise Rejected("corrupt") from None
    image.close()
    return rgb if turned is None else np.ascontiguousarray(turned(rgb))


def _opencv_reads(encoded: bytes) -> bool:
    """Whether later stages, which decode with OpenCV, can read a JPEG that PIL reads: some they cannot."""
    try:
        return cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_REDUCED_COLOR_8) is not None
    except cv2.error:  # of a size that OpenCV refuses
        return False


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged metadata around sound pixels
        return 1


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 (height, width, 3), made in bands of rows."""
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    num_rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, num_rows):
        band = image.crop((0, top, image.width, min(top + num_rows, image.height)))
        pixels[top : top + num_rows] = np.asarray(_band_rgb(band))
    return pixels


def _band_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # PIL would clip at 255
        grey = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((grey + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
