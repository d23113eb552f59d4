"""Between encoded images and pixels: decode, scale, encode."""

from collections.abc import Callable

import cv2
import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.records import Record

View = Callable[[np.ndarray, str, int], np.ndarray]  # (square image, example id, epoch) -> square image
_MAX_JPEG_SIDE_PX = 65_500  # of libjpeg, a little below the format's own limit


def resize_shorter_side(image: np.ndarray, size_px: int) -> np.ndarray:
    """Scale an image so that its shorter side has `size_px` pixels, antialiased.

    Args:
      image: uint8 (height, width, 3).
      size_px: the new shorter side, pixels.
    Returns:
      uint8 (new height, new width, 3), the shorter of them `size_px`.
    """
    height, width = image.shape[:2]
    if min(height, width) == size_px:
        return image
    scale = size_px / min(height, width)
    size = (max(size_px, round(width * scale)), max(size_px, round(height * scale)))
    # Averaging over the covered area is what avoids aliasing; it only blurs where it enlarges.
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=interpolation))


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """Encode uint8 (height, width, 3) RGB as JPEG of a quality of 1..100.

    Raises:
      DataError: a side is longer than JPEG allows.
    """
    if max(image.shape) > _MAX_JPEG_SIDE_PX:  # OpenCV would give no bytes, and no error
        raise DataError(
            f"an image of {image.shape[1]} x {image.shape[0]} px: expected sides of at most "
            f"{_MAX_JPEG_SIDE_PX}, as JPEG has them; lower preprocess.image_size_px"
        )
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def decode(encoded: bytes, name: str = "a stored image") -> np.ndarray:
    """Decode a JPEG or PNG that an earlier stage stored into uint8 (height, width, 3), RGB.

    OpenCV, as it lets other threads work meanwhile; whether a file can be decoded at all is
    `inspection`'s question.

    Args:
      encoded: the bytes.
      name: of the image, for the message.
    Raises:
      DataError: what is stored is no image.
    """
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB) if encoded else None
    if image is None:
        raise DataError(
            f"{name}: expected a JPEG or PNG, found {len(encoded)} bytes that OpenCV cannot decode; "
            "run: dvc repro --force download"
        )
    return np.asarray(image)


def square(record: Record, size_px: int) -> np.ndarray:
    """Decode a record, cut its central square and scale that.

    Args:
      record: its image's shorter side has at least `size_px` pixels.
      size_px: side of the result, pixels.
    Returns:
      uint8 (size_px, size_px, 3), RGB.
    """
    image = decode(record.encoded, record.id)
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    image = image[top : top + side, left : left + side]
    if side != size_px:
        # Below a factor of 2 bilinear sampling skips no pixel, and it is four times as fast.
        interpolation = cv2.INTER_LINEAR if side < 2 * size_px else cv2.INTER_AREA
        image = cv2.resize(image, (size_px, size_px), interpolation=interpolation)
    return np.ascontiguousarray(image)
