"""The image size that a backbone wants, and how fast it is on this machine."""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pawtrace.config.train_params import TrainParams
from pawtrace.learning.networks.backbones import build_backbone
from pawtrace.learning.networks.keras_files import load_model_file

_USUAL_SIZE_PX = 224  # on which networks for ImageNet are trained
_NUM_IMAGES = 16


class BackboneSpeed(NamedTuple):
    """What was found of a backbone."""

    size_px: int
    seconds_per_image: float


def measure_backbone(path: Path, baseline: TrainParams) -> BackboneSpeed:
    """Load a backbone and have it see a few images.

    Args:
      path: a `.keras` file.
      baseline: any params of training; the backbone and its size are replaced.
    Raises:
      TrainingError: the file is no backbone that can be used; says what was expected.
    """
    size_px = _size_of(path)
    changes = {"backbone": str(path), "weights": None, "image_size_px": size_px}
    backbone = build_backbone(TrainParams.model_validate(baseline.model_dump() | changes))
    images = np.zeros((_NUM_IMAGES, size_px, size_px, 3), np.float32)
    backbone.predict_on_batch(images)  # the first call compiles
    start = time.monotonic()
    backbone.predict_on_batch(images)
    return BackboneSpeed(size_px, (time.monotonic() - start) / _NUM_IMAGES)


def _size_of(path: Path) -> int:
    try:
        shape = load_model_file(path).input_shape
    except ValueError:
        return _USUAL_SIZE_PX  # what is wrong with the file is told by who builds it
    side = shape[1] if isinstance(shape, tuple) and len(shape) == 4 else None
    return side or _USUAL_SIZE_PX
