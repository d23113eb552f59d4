"""How every chart of the report looks, and how it becomes an SVG of always the same bytes.

Colours are names of the page's palette: `inline_svg.py` puts the page's variables in their place, so that a
chart follows the page into dark mode.
"""

import io
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure


class Shade(NamedTuple):
    """A colour of the palette on a light and on a dark page."""

    light: str
    dark: str


INK, MUTED, FAINT, GRID, BAND = "#1f2328", "#5f666e", "#c4c9ce", "#eceef0", "#d9efe1"
PAGE = "#ffffff"
BEHIND = "#8b939b"  # of the best recipe, behind the shown one
# Distinct also to colour-blind eyes (after Okabe & Ito 2008); each is legible as text on its page.
_RECIPES = (
    Shade("#0069a8", "#5cb3ee"),
    Shade("#b84500", "#f5925a"),
    Shade("#00705a", "#3fc4a2"),
    Shade("#9c3f84", "#e08fca"),
    Shade("#806000", "#d9b33c"),
    Shade("#4f5bd5", "#9aa5ff"),
    Shade("#5b5b5b", "#b5b9bd"),
    Shade("#7a3b1d", "#d59a78"),
)
# The names of the page's variables.
PALETTE: dict[str, Shade] = {
    "page": Shade(PAGE, "#14171a"),
    "ink": Shade(INK, "#e6e8ea"),
    "muted": Shade(MUTED, "#a2aab2"),
    "faint": Shade(FAINT, "#4a5158"),
    "grid": Shade(GRID, "#262b30"),
    "band": Shade(BAND, "#17382a"),
    "behind": Shade(BEHIND, "#7f8891"),
    **{f"recipe-{number}": shade for number, shade in enumerate(_RECIPES)},
}
_DASHES = ("solid", (0, (5, 1.5)), (0, (2, 1.2)))
# A point is 4/3 pixels where a chart is shown at its own size: no text is smaller than 11 pixels.
SMALL_PT = 8.5
WIDTH_IN = 3.5  # 336 pixels: fits the narrowest page without being scaled down
WIDE_IN = 6.6  # of a chart of all recipes
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
    "figure.facecolor": PAGE,
    "axes.facecolor": PAGE,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": SMALL_PT,
    "figure.constrained_layout.use": True,
}
Arguments = ParamSpec("Arguments")


def colour_of(number: int) -> str:
    """The colour of a recipe by its place in params.yaml: the same in every chart."""
    return _RECIPES[number % len(_RECIPES)].light


def variable_of(number: int) -> str:
    """The name of that colour in the page's palette."""
    return f"recipe-{number % len(_RECIPES)}"


def dashes_of(number: int) -> Any:
    """The dashes of a recipe's line: they tell recipes of the same colour apart."""
    return _DASHES[number // len(_RECIPES) % len(_DASHES)]


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
    step = (high - low) / height * 12
    places = _spread([y for y, _, _ in ends], step, high)
    for (_, text, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            text,
            (x, place),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=SMALL_PT,
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
