"""What becomes of a photo's pixels on their way into a record, and so before any model sees them."""

from typing import NamedTuple

from pawtrace.config.sections import PreprocessParams
from pawtrace.dataset.examples.pixels import decode, encode_jpeg, resize_shorter_side


class Recorded(NamedTuple):
    """A photo as records hold it."""

    encoded: bytes  # JPEG, RGB
    height: int
    width: int


def recorded(stored: bytes, params: PreprocessParams) -> Recorded:
    """Scale an image to its record's size and encode it.

    Args:
      stored: the upright RGB JPEG or PNG that `inspection.inspect` gives.
      params: size and JPEG quality.
    """
    image = resize_shorter_side(decode(stored), params.image_size_px)
    return Recorded(encode_jpeg(image, params.jpeg_quality), *image.shape[:2])
