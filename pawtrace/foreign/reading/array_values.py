"""Arrays of pictures as the user's script prepares them: their input scaling, and the bytes behind them."""

import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.config.conventions import CONVENTIONS

_SLACK = 0.02  # of the range: resizing overshoots a little


def scaled(images: np.ndarray, convention: str) -> np.ndarray:
    """Scale pictures by a convention.

    Args:
      images: uint8 (n, h, w, 3), RGB.
      convention: a name in CONVENTIONS.
    Returns:
      float32 (n, h, w, 3).
    """
    wanted = CONVENTIONS[convention]
    channels = images[..., ::-1] if wanted.bgr else images
    scale, offset = (np.array(each, np.float32) for each in (wanted.scale, wanted.offset))
    return np.asarray(channels * scale + offset, np.float32)


def as_bytes(values: np.ndarray) -> tuple[np.ndarray, str | None]:
    """The pictures behind arrays that are scaled already: uint8 RGB, and the convention's name.

    The range of floats shows the convention. Bytes are unscaled photos: the convention is None.

    Raises:
      DataError: the range fits no convention.
    """
    if values.dtype == np.uint8:
        return values, None
    low, high = float(values.min()), float(values.max())
    name = next((name for name in _RANGES if _fits(name, low, high)), None)
    if name is None:
        raise DataError(
            f"photos: expected values in 0..255, 0..1 or -1..1, or as preprocess_input makes them, "
            f"found {low:.3g} to {high:.3g}"
        )
    convention = CONVENTIONS[name]
    scale, offset = (np.array(each, np.float32) for each in (convention.scale, convention.offset))
    channels = (values.astype(np.float32) - offset) / scale
    channels = channels[..., ::-1] if convention.bgr else channels
    return np.clip(np.rint(channels), 0, 255).astype(np.uint8), name


# In the order in which they are tried: the range of an earlier one lies within that of a later one.
_RANGES = ("zero_to_one", "minus_one_to_one", "torch", "zero_to_255", "caffe")


def _fits(name: str, low: float, high: float) -> bool:
    convention = CONVENTIONS[name]
    ends = [(o, 255 * s + o) for s, o in zip(convention.scale, convention.offset, strict=True)]
    least, most = min(end[0] for end in ends), max(end[1] for end in ends)
    slack = _SLACK * (most - least)
    return least - slack <= low and high <= most + slack
