"""data/splits/rejected.csv: the examples that are in no split, with thumbnails for the report."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np

from pawtrace.base.files import csv_text, write_text
from pawtrace.dataset.examples.pixels import decode, encode_jpeg
from pawtrace.dataset.examples.raw import RawExample

_THUMBNAIL_PX = 128
_THUMBNAIL_QUALITY = 90
_NUM_PICTURES = 24  # thumbnails kept for the report


def write_rejected(
    folder: Path, reason_of: Mapping[str, str], read: Callable[[Iterable[str]], Iterable[RawExample]]
) -> None:
    """Write rejected.csv, and thumbnails of the first that it lists.

    Args:
      folder: data/splits.
      reason_of: the reason why an example is in no split, by the example's id.
      read: gives the examples with these ids, in any order.
    """
    pictures = folder / "pictures"
    pictures.mkdir()
    shown = {id: f"{number:02d}.jpg" for number, id in enumerate(list(reason_of)[:_NUM_PICTURES])}
    for example in read(shown):
        (pictures / shown[example.id]).write_bytes(thumbnail(decode(example.encoded), _THUMBNAIL_PX))
    rows = ((id, reason, shown.get(id, "")) for id, reason in reason_of.items())
    write_text(folder / "rejected.csv", csv_text(("file", "reason", "picture"), rows))


def thumbnail(image: np.ndarray, size_px: int) -> bytes:
    """An image as a JPEG whose longer side has `size_px` pixels.

    Args:
      image: uint8 (height, width, 3), RGB.
      size_px: pixels.
    """
    scale = size_px / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return encode_jpeg(cv2.resize(image, size, interpolation=cv2.INTER_AREA), _THUMBNAIL_QUALITY)
