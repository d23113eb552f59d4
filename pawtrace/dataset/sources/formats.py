"""Recognise the formats of photos by a file's bytes, and say what any other file is.

Arrives: the bytes of a file. Leaves: a PIL image with its header read, or the reason why there is none.
"""

import io
import re
import warnings

import pillow_heif
from PIL import Image, TiffImagePlugin

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.true_names import RAW, TrueName, true_name

_FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP")
# Of those: what begins so and cannot be opened is damaged, not another kind of file.
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"BM")
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GIF_SIGNATURE = b"GIF8"  # which alone is text, too
_RIFF_WEBP = (b"RIFF", b"WEBP")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
# A raw file is a TIFF whose first image is a thumbnail; DNGVersion and NewSubfileType are tags that say so.
_RAW_EXTENSIONS = {".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".iiq", ".k25", ".kdc", ".mef", ".mos"}
_RAW_EXTENSIONS |= {".nef", ".nrw", ".orf", ".pef", ".rw2", ".rwl", ".sr2", ".srf", ".srw"}
_DNG_VERSION_TAG, _SUBFILE_TYPE_TAG, _REDUCED = 50706, 254, 1
_TILE_SIZE_TAGS = (322, 323)
_ODD_TIFF = TrueName("unreadable TIFF", "camera raw or damaged; export it as JPEG")
# PIL's modes that become RGB as people expect.
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La", "CMYK", "YCbCr"}
_MODES |= {"I;16", "I;16B", "I;16L", "I;16N"}
_NO_WARNINGS = ("ignore", None, Warning, re.compile(r"PIL\.|pillow_heif"), 0)

# The limit of params, `inspection`'s, is checked before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
pillow_heif.register_heif_opener()


class Rejected(DataError):  # noqa: N818 - it is listed, and the next file follows
    """A file that cannot become an example. Up to a colon, its text is one of a few fixed phrases."""


def opened(encoded: bytes, extension: str = "") -> Image.Image:
    """Read the header only, and only with the decoders of the formats that are wanted.

    Args:
      encoded: the bytes of a file.
      extension: of its name, with the dot, in lower case.
    Raises:
      Rejected: the file has none of these formats; says what it is instead, or that it is damaged.
    """
    if not encoded:
        raise Rejected("empty")
    _ignore_warnings()
    try:
        return Image.open(io.BytesIO(encoded), formats=_FORMATS)
    except MemoryError:
        raise
    except Exception:  # PIL's decoders raise some ten kinds for damaged headers
        raise Rejected(_what_it_is(encoded, extension)) from None


def _ignore_warnings() -> None:
    """PIL warns of odd metadata; pixels are what counts.

    One filter that stays, as `warnings.catch_warnings` changes the filters of all threads at once.
    """
    if _NO_WARNINGS not in warnings.filters:
        warnings.filterwarnings("ignore", module=_NO_WARNINGS[3].pattern)


def _what_it_is(encoded: bytes, extension: str) -> str:
    is_webp = encoded.startswith(_RIFF_WEBP[0]) and encoded[8:12] == _RIFF_WEBP[1]
    is_heif = encoded[4:8] == b"ftyp" and encoded[8:12] in _HEIF_BRANDS
    kind = true_name(encoded)
    if kind is None and encoded.startswith(_TIFF_SIGNATURES):
        return str(RAW if extension in _RAW_EXTENSIONS else _ODD_TIFF)
    is_ours = kind is None and encoded.startswith(_SIGNATURES)
    if is_ours or is_webp or is_heif or encoded.startswith(_GIF_SIGNATURE):
        return "corrupt"
    return "not an image" if kind is None else str(kind)


def is_jpeg(image: Image.Image) -> bool:
    """Whether an image came as JPEG."""
    # A JPEG with more pictures after the first, as some cameras write it, is MPO to PIL.
    return image.format in ("JPEG", "MPO")


def check_readable(image: Image.Image, extension: str) -> None:
    """Reject what PIL opens and shows only in part or in wrong colours.

    Args:
      image: as `opened` gives it.
      extension: of the file's name: a TIFF of a camera's extension is raw, whose first image is a thumbnail.
    Raises:
      Rejected: it is camera raw, or has pixels that have no one way to 8-bit RGB.
    """
    if image.mode not in _MODES:
        raise Rejected(f"pixels of an unusual kind: {image.mode}, export it as JPEG")
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    is_thumbnail = image.tag_v2.get(_SUBFILE_TYPE_TAG) == _REDUCED
    if extension in _RAW_EXTENSIONS or _DNG_VERSION_TAG in image.tag_v2 or is_thumbnail:
        raise Rejected(str(RAW))


def tile_pixels(image: Image.Image) -> int:
    """A TIFF of few pixels may be one corner of a huge tile, which is decoded as a whole."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    width, height = (image.tag_v2.get(tag, 0) for tag in _TILE_SIZE_TAGS)
    return int(width) * int(height) if isinstance(width, int) and isinstance(height, int) else 0
