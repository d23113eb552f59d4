"""Pictures of what a model trains on and what it gets wrong."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from pawtrace.dataset.examples.pixels import View, encode_jpeg, square
from pawtrace.dataset.examples.shards import Records

_GAP_PX = 4
_QUALITY = 90
NUM_PREVIEW_EXAMPLES = 12
NUM_PREVIEW_VIEWS = 6


def contact_sheet(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Lay images out in rows on white.

    Args:
      rows: each of as many images, uint8 (s, s, 3), all of one size.
    Returns:
      uint8 (height, width, 3).
    """
    size_px = rows[0][0].shape[0]
    step = size_px + _GAP_PX
    sheet = np.full((len(rows) * step + _GAP_PX, len(rows[0]) * step + _GAP_PX, 3), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            top, left = y * step + _GAP_PX, x * step + _GAP_PX
            sheet[top : top + size_px, left : left + size_px] = image
    return sheet


def write_preview(path: Path, records: Records, view: View, size_px: int) -> None:
    """Draw the views that the first epochs train on: 12 examples, half cats, by 6 views.

    Two examples share a row, six views each.
    """
    half = NUM_PREVIEW_EXAMPLES // 2
    chosen = [np.flatnonzero(records.labels == label)[:half] for label in (0, 1)]
    rows = []
    for pair in zip(*chosen, strict=False):
        examples = [records[int(number)] for number in pair]
        rows.append(
            [
                view(square(example, size_px), example.id, epoch)
                for example in examples
                for epoch in range(NUM_PREVIEW_VIEWS)
            ]
        )
    path.write_bytes(encode_jpeg(contact_sheet(rows), _QUALITY))


def write_example(path: Path, records: Records, number: int) -> None:
    """Write one example as its record holds it."""
    path.write_bytes(records[number].encoded)


def attention_jpeg(image: np.ndarray, attention: np.ndarray) -> bytes:
    """Lay a map over an image, as a heat map: a JPEG.

    Args:
      image: uint8 (s, s, 3), RGB.
      attention: float32 (h, w), 0..1: from blue over green to red.
    """
    scaled = cv2.resize(attention, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    heat = cv2.applyColorMap((255 * scaled).round().astype(np.uint8), cv2.COLORMAP_JET)
    blended = cv2.addWeighted(image, 0.5, cv2.cvtColor(heat, cv2.COLOR_BGR2RGB), 0.5, 0)
    return encode_jpeg(blended, _QUALITY)
