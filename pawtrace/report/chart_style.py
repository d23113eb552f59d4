"""How every chart of the report looks, and how it becomes an SVG of always the same bytes."""

import io
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, MUTED, FAINT = "#1f2328", "#6a7078", "#d8dbdf"
# Distinct also to colour-blind eyes (after Okabe & Ito 2008), dark enough to be read as text.
_COLOURS = ("#0069a8", "#b84500", "#00705a", "#9c3f84", "#806000", "#4f5bd5", "#5b5b5b", "#7a3b1d")
_DASHES = ("solid", (0, (5, 1.5)), (0, (2, 1.2)))
_STYLE: dict[str, Any] = {
    "svg.hashsalt": "pawtrace",  # ids would else be random
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same layout everywhere
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#eceef0",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}
Arguments = ParamSpec("Arguments")


def colour_of(number: int) -> str:
    """The colour of a recipe by its place in params.yaml: the same in every chart."""
    return _COLOURS[number % len(_COLOURS)]


def dashes_of(number: int) -> Any:
    """The dashes of a recipe's line: they tell recipes of the same colour apart."""
    return _DASHES[number // len(_COLOURS) % len(_DASHES)]


def as_svg(draw: Callable[Arguments, Figure]) -> Callable[Arguments, str]:
    """Make a function that draws a figure return it as SVG; needs no display, leaves no state."""

    @wraps(draw)
    def drawn(*arguments: Arguments.args, **named: Arguments.kwargs) -> str:
        with matplotlib.rc_context(_STYLE):
            file = io.StringIO()
            FigureCanvasSVG(draw(*arguments, **named)).print_svg(
                file, metadata={"Date": None, "Creator": None}
            )
        return file.getvalue()

    return drawn


def label_lines(axes: Axes, ends: Sequence[tuple[float, str, str]], x: float) -> None:
    """Write each line's name beside its end, moved apart where they would overlap.

    Args:
      axes: with the limits that it will keep.
      ends: (y, text, colour) of each line.
      x: where the lines end, in data units.
    """
    low, high = axes.get_ylim()
    height = axes.get_position().height * axes.figure.get_size_inches()[1] * 72  # in points, about
    step = (high - low) / height * 11
    places = _spread([y for y, _, _ in ends], step, high)
    for (_, text, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            text,
            (x, place),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=8.5,
            annotation_clip=False,
        )


def _spread(wanted_places: list[float], step: float, high: float) -> list[float]:
    """Places at least a step apart, each as near to the wanted one as going downwards allows."""
    places = dict.fromkeys(range(len(wanted_places)), 0.0)
    free = high
    for number in sorted(places, key=lambda n: -wanted_places[n]):
        places[number] = min(wanted_places[number], free)
        free = places[number] - step
    return list(places.values())
