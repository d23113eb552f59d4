"""What a picture looks like apart from what it shows: size, brightness, sharpness, colour.

Arrives: a decoded picture. Leaves: a row of `data/splits/appearance.csv`. If one of these differs between
cats and dogs, a network can learn that difference instead of the animals; if a network is worse on some
kind of picture, the kind can be named.
"""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np

from pawtrace.base.files import csv_text, write_text

APPEARANCE = "appearance.csv"
_SHARPNESS_PX = 128  # shorter side at which sharpness is measured: the same for large and small pictures


class Appearance(NamedTuple):
    """A row: one picture."""

    id: str
    width_px: int
    height_px: int
    num_bytes: int  # as it is stored
    brightness: float  # mean of the grey values, 0..255
    sharpness: float  # variance of the Laplacian of the grey values
    colour: float  # mean difference between the strongest and the weakest channel, 0..255: of grey pictures 0

    @property
    def file_type(self) -> str:
        """The suffix of the file's name, in lower case; none is `no suffix`."""
        return PurePosixPath(self.id).suffix.lower() or "no suffix"


def appearance_of(id: str, image: np.ndarray, num_bytes: int) -> Appearance:
    """Measure a picture.

    Args:
      id: of the example.
      image: uint8 (h, w, 3), RGB.
      num_bytes: of the stored file.
    Source: Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy", for the sharpness.
    """
    height, width = image.shape[:2]
    scale = _SHARPNESS_PX / min(height, width)
    side = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, side, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return Appearance(
        id,
        width,
        height,
        num_bytes,
        brightness=round(float(grey.mean()), 1),
        sharpness=round(float(cv2.Laplacian(grey, cv2.CV_64F).var()), 1),
        colour=round(float(np.ptp(small.astype(np.int16), axis=2).mean()), 1),
    )


def write_appearances(folder: Path, appearances: Iterable[Appearance]) -> None:
    """Write `appearance.csv`, sorted by id."""
    write_text(folder / APPEARANCE, csv_text(Appearance._fields, sorted(appearances)))
