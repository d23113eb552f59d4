"""Photos that show a rotation, and how they were stored."""

import io
from typing import Any

import numpy as np
from PIL import Image

from tests.dataset.photos import encoded

MAX_PIXELS = 10_000


def stored_format(stored: bytes) -> str | None:
    with Image.open(io.BytesIO(stored)) as image:
        assert image.mode == "RGB"
        assert not image.getexif()
        return image.format


def gradient(width: int = 40, height: int = 24) -> Image.Image:
    """A smooth picture without any symmetry: survives JPEG, shows a rotation."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, across * down / 255], axis=-1).astype(np.uint8))


def with_orientation(orientation: int, **how: Any) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(gradient(), exif=exif, quality=95, subsampling=0, **how)
