"""Numbers as they are stored: with as many digits as mean something.

Six significant digits are a thousand times finer than the standard error of any metric on up to a
million examples, and coarser than float32, in which models predict. Arrives: what a stage computed.
Leaves: what it writes.
"""

import math
from typing import Any

NUM_DIGITS = 6
_LEAST = 1e-6  # a metric below it is held against zero


def as_stored(content: Any) -> Any:
    """Round every float in nested mappings and lists to six significant digits; the rest stays."""
    if isinstance(content, float):
        return float(f"{content:.{NUM_DIGITS}g}")
    if isinstance(content, dict):
        return {key: as_stored(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [as_stored(value) for value in content]
    return content


def differs_as_stored(number: float, other: float) -> bool:
    """Whether two numbers differ by more than rounding to the stored digits can explain.

    Where a digit turns is no matter, so that it also holds for numbers that were stored unrounded.
    """
    smaller = max(min(abs(number), abs(other)), _LEAST)
    last_digit = 10.0 ** (math.floor(math.log10(smaller)) + 1 - NUM_DIGITS)
    return abs(number - other) > 0.6 * last_digit
