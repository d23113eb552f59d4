"""Numbers as they are stored: with as many digits as mean something.

Six significant digits are a thousand times finer than the standard error of any metric on up to a
million examples, and coarser than float32, in which models predict. Arrives: what a stage computed.
Leaves: what it writes.
"""

import math
from collections.abc import Callable
from typing import Any

NUM_DIGITS = 6
_LEAST = 1e-6  # a metric below it is held against zero


def as_stored(content: Any) -> Any:
    """Round every float in nested mappings and lists to six significant digits; the rest stays."""
    return _with_floats(content, _rounded)


def as_stored_or_null(content: Any) -> Any:
    """The same, with None, which JSON writes as null, for a float that is not finite."""
    return _with_floats(content, lambda number: _rounded(number) if math.isfinite(number) else None)


def _rounded(number: float) -> float:
    return float(f"{number:.{NUM_DIGITS}g}")


def _with_floats(content: Any, changed: Callable[[float], float | None]) -> Any:
    if isinstance(content, float):
        return changed(content)
    if isinstance(content, dict):
        return {key: _with_floats(value, changed) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_with_floats(value, changed) for value in content]
    return content


def differs_as_stored(number: float, other: float) -> bool:
    """Whether two numbers differ by more than rounding to the stored digits can explain.

    Where a digit turns is no matter, so that it also holds for numbers that were stored unrounded.
    """
    smaller = max(min(abs(number), abs(other)), _LEAST)
    last_digit = 10.0 ** (math.floor(math.log10(smaller)) + 1 - NUM_DIGITS)
    return abs(number - other) > 0.6 * last_digit
