"""Whether a file is the image that its name says, and its bytes as they are stored.

Arrives: the bytes of one file of an archive. Leaves: a JPEG or PNG that is upright and RGB.
"""

import io
import warnings
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pawtrace.base.errors import DataError

MIN_SIDE_PX = 8
# No photo is longer; scaled to the largest preprocess.image_size_px it still fits into a JPEG.
MAX_ASPECT_RATIO = 30
JPEG_QUALITY = 95  # of what has to be encoded again

_FORMAT_OF_EXTENSION = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".gif": "GIF",
}
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF")
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Our own limit, from params, is checked before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


class Rejected(DataError):  # noqa: N818 - it is listed, and the next file follows
    """A file that cannot become an example. Up to a colon, its text is one of a few fixed phrases."""


def inspect(name: str, encoded: bytes, max_pixels: int) -> bytes:
    """Check one image file by decoding it completely, and make it upright and RGB.

    Args:
      name: the file's name; its extension must be that of the content.
      encoded: the file's bytes.
      max_pixels: height x width at most; checked before decoding.
    Returns:
      The bytes to store: as they came for an RGB JPEG that is upright, else encoded again: from a
      JPEG as JPEG, from anything else as PNG.
    Raises:
      Rejected: the file is no image, is damaged, too large, too small, too narrow or not what its name says.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PIL warns of odd metadata; pixels are what counts
        return _inspected(PurePosixPath(name).suffix.lower(), encoded, max_pixels)


def _inspected(extension: str, encoded: bytes, max_pixels: int) -> bytes:
    with _opened(encoded) as image:
        _check_format(image, extension)
        _check_size(image, max_pixels)
        is_jpeg = _format(image) == "JPEG"
        pixels = _upright_rgb(image)
        if is_jpeg and image.mode == "RGB" and _orientation(image) not in _UPRIGHT:
            return encoded
    return _as_jpeg(pixels) if is_jpeg else _encode(pixels, format="PNG")


def decode_rgb(encoded: bytes) -> NDArray[np.uint8]:
    """Decode an image, upright.

    Args:
      encoded: the bytes of a JPEG, PNG, WebP, BMP or GIF (its first frame).
    Returns:
      uint8 (height, width, 3), RGB, 0..255; what was transparent is white.
    Raises:
      Rejected: the bytes are no image or a damaged one.
    """
    with _opened(encoded) as image:
        return _upright_rgb(image)


def made_upright(encoded: bytes) -> bytes:
    """The same JPEG; encoded again only if EXIF rotates it or it is CMYK. As it came if unreadable."""
    try:
        with _opened(encoded) as image:
            if image.mode != "CMYK" and _orientation(image) not in _UPRIGHT:
                return encoded
            return _as_jpeg(_upright_rgb(image))
    except Rejected:
        return encoded


def _as_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    return _encode(pixels, format="JPEG", quality=JPEG_QUALITY, subsampling=0)


def _encode(pixels: NDArray[np.uint8], **how: object) -> bytes:
    # From an array, so that no metadata of the original comes along.
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, **how)  # type: ignore[arg-type]
    return file.getvalue()


def _opened(encoded: bytes) -> Image.Image:
    """Read the header only, and only with the decoders of the formats that are wanted."""
    if not encoded:
        raise Rejected("empty")
    try:
        return Image.open(io.BytesIO(encoded), formats=sorted(set(_FORMAT_OF_EXTENSION.values())))
    except MemoryError:
        raise
    except Exception:  # PIL's decoders raise some ten kinds for damaged headers
        raise Rejected("corrupt" if encoded.startswith(_SIGNATURES) else "not an image") from None


def _format(image: Image.Image) -> str:
    # A JPEG with more pictures after the first, as some cameras write it, is MPO to PIL.
    return "JPEG" if image.format == "MPO" else str(image.format)


def _check_format(image: Image.Image, extension: str) -> None:
    content_format = _format(image)
    if extension not in _FORMAT_OF_EXTENSION:
        raise Rejected(f"the name has no image's extension: {extension or 'none'}")
    if content_format != _FORMAT_OF_EXTENSION[extension]:
        raise Rejected(f"is {content_format} but named {extension}")


def _check_size(image: Image.Image, max_pixels: int) -> None:
    size = f"{image.width} x {image.height}"
    if image.width * image.height > max_pixels:
        raise Rejected(f"too many pixels: {size}, expected at most {max_pixels}")
    if min(image.size) < MIN_SIDE_PX:
        raise Rejected(f"too small: {size}, expected sides of at least {MIN_SIDE_PX}")
    if max(image.size) > MAX_ASPECT_RATIO * min(image.size):
        raise Rejected(
            f"too narrow: {size}, expected one side to be at most {MAX_ASPECT_RATIO} times the other"
        )


def _upright_rgb(image: Image.Image) -> NDArray[np.uint8]:
    try:
        image.load()
        orientation = _orientation(image)
        rgb = _rgb(image)
        return np.asarray(rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb)
    except MemoryError:
        raise
    except Exception as error:  # as above: many kinds
        raise Rejected("truncated" if "truncated" in str(error) else "corrupt") from None


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged metadata around sound pixels
        return 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # PIL would clip at 255
        grey = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((grey + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
