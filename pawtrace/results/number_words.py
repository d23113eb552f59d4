"""How numbers are written in sentences and tables."""

import math


def percent(share: float) -> str:
    """A share, 0..1, as `97.4 %`."""
    return f"{100 * share:.1f} %"


def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign: `+1.2`; never `-0.0`."""
    rounded = round(100 * share, 1)
    return f"{rounded + 0.0:+.1f}" if rounded else "0.0"


def decimal(value: float) -> str:
    """A loss or a spread: three decimals, or three digits where those would say too little."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    return f"{value:.3f}" if 0.01 <= abs(value) < 1000 else f"{value:.3g}"


def plural(number: int, noun: str) -> str:
    """A count with its noun: `1 epoch`, `1,496 epochs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
