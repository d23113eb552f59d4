"""Kinds of pictures on which a model is worse than on all others.

Arrives: what the pictures look like, their labels, and which ones a model is right on. Leaves: the
accuracy on each kind.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import fisher_exact

from pawtrace.config.sections import LABELS
from pawtrace.dataset.splitting.appearance import Appearance
from pawtrace.evaluation.significance import holm, is_significant

_MIN_PICTURES = 20  # of a kind, and of all others: fewer say nothing
_GREY = 2.0  # colour below this: a black-and-white picture
_LONG = 1.2  # one side over the other


class Slice(NamedTuple):
    """A kind of pictures, and the accuracy on it and on all others."""

    name: str
    num_pictures: int
    accuracy: float
    accuracy_of_others: float
    is_weak: bool  # measurably below the others


def slices_of(appearances: Sequence[Appearance], labels: np.ndarray, is_right: np.ndarray) -> list[Slice]:
    """The accuracy on each kind of pictures, the worst kind first.

    Weak are those below the others by Fisher's exact test, corrected by Holm's method for their number.

    Args:
      appearances: of pictures that were not trained on.
      labels: int (n,), of these pictures.
      is_right: bool (n,), whether the model is right.
    """
    kinds = [(name, chosen) for name, chosen in _kinds(appearances, labels) if _is_enough(chosen)]
    p_values = holm([_p_value(is_right[chosen], is_right[~chosen]) for _, chosen in kinds])
    slices = [
        Slice(
            name,
            int(chosen.sum()),
            float(is_right[chosen].mean()),
            float(is_right[~chosen].mean()),
            is_significant(p_value),
        )
        for (name, chosen), p_value in zip(kinds, p_values, strict=True)
    ]
    return sorted(slices, key=lambda found: (found.accuracy - found.accuracy_of_others, found.name))


def _is_enough(chosen: np.ndarray) -> bool:
    return min(int(chosen.sum()), int((~chosen).sum())) >= _MIN_PICTURES


def _p_value(inside: np.ndarray, outside: np.ndarray) -> float:
    """How probable so many errors inside are if they are as frequent outside."""
    table = [[int((~side).sum()), int(side.sum())] for side in (inside, outside)]
    return float(fisher_exact(table, alternative="greater").pvalue)


def _kinds(appearances: Sequence[Appearance], labels: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Names of kinds, and which pictures are of that kind: bool (n,)."""
    yield from ((f"{label}s", labels == number) for number, label in enumerate(LABELS))
    widths, heights = (
        np.array([getattr(one, side) for one in appearances]) for side in ("width_px", "height_px")
    )
    colour = np.array([one.colour for one in appearances])
    yield from _thirds("darkest", "brightest", np.array([one.brightness for one in appearances]))
    yield from _thirds("most blurred", "sharpest", np.array([one.sharpness for one in appearances]))
    yield from _thirds("smallest", "largest", np.minimum(widths, heights))
    yield "black-and-white pictures", colour < _GREY
    yield "upright pictures", heights > _LONG * widths
    yield "wide pictures", widths > _LONG * heights
    types = np.array([one.file_type for one in appearances])
    yield from ((f"{name} files", types == name) for name in sorted(set(types.tolist())))


def _thirds(lowest: str, highest: str, values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    low, high = np.quantile(values, (1 / 3, 2 / 3))
    if low < high:  # else most pictures are alike
        yield f"the {lowest} third", values <= low
        yield f"the {highest} third", values >= high
