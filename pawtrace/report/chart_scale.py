"""The axes that the charts of all recipes share, so that two recipes can be compared by eye.

Arrives: all results, the best one, the thresholds. Leaves: `Scale`.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from pawtrace.config.sections import DiagnoseParams
from pawtrace.results.results import Result

LOSS_OF_GUESSING = math.log(2)
# The size of an update by that of the weights. Karpathy 2015, CS231n, "Babysitting the learning process":
# about 1e-3 is healthy.
HEALTHY_UPDATES = (1e-4, 1e-2)
_SMALLEST_UPDATE = 1e-6  # shown: a rate that decays to 0 ends in updates of any size
_HIGHEST_LOSS = 3 * LOSS_OF_GUESSING  # a first epoch that exploded must not flatten the rest
_LONG = 4  # times as many epochs as another recipe: on a linear axis, that one would be a dot
Limits = tuple[float, float]


class Scale(NamedTuple):
    """What the axes of all recipes have in common."""

    last_epoch: int
    log_epochs: bool
    highest_loss: float
    lowest_accuracy: float
    activations: Limits  # of log axes
    gradients: Limits
    updates: Limits
    most_in_a_bin: int  # examples of the test split with about the same P(dog)
    best: Result | None  # drawn in grey behind the others; None: no recipe is better than guessing
    good_accuracy: float  # from here on, a recipe does not underfit
    vanishing_ratio: float


def scale_of(results: list[Result], best: Result | None, thresholds: DiagnoseParams) -> Scale:
    """The axes that hold every result.

    Args:
      results: of all recipes.
      best: the one to compare the others with.
      thresholds: what counts as healthy.
    """
    epochs = [result.history.epoch[-1] for result in results]
    losses = [max(*result.history.loss, *result.history.val_loss) for result in results]
    accuracies = [min(*result.history.accuracy, *result.history.val_accuracy) for result in results]
    blocks = [block for result in results for block in result.probes.blocks]
    steps = [block for result in results for each in result.signals.epochs for block in each.blocks]
    return Scale(
        last_epoch=max(epochs),
        log_epochs=max(epochs) >= _LONG * min(epochs),
        highest_loss=1.05 * min(_HIGHEST_LOSS, max(LOSS_OF_GUESSING, *losses)),
        lowest_accuracy=min(0.45, *accuracies),
        activations=_decades(block.activation_std for block in blocks),
        gradients=_decades(block.gradient_rms for block in blocks),
        updates=_with_healthy(_decades(block.update_ratio for block in steps)),
        most_in_a_bin=max(point.count for result in results for point in result.evaluation.calibration),
        best=best,
        good_accuracy=thresholds.underfitting_accuracy,
        vanishing_ratio=thresholds.vanishing_ratio,
    )


def behind(scale: Scale, shown: Result) -> Result | None:
    """The best recipe, where it is not the one that is shown."""
    return None if scale.best is None or scale.best.name == shown.name else scale.best


def epoch_axis(axes: Axes, scale: Scale) -> None:
    """Give a chart the epochs of the longest training; logarithmic where others are far shorter."""
    if scale.log_epochs:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda epoch, _: f"{epoch:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(0.9, max(2, scale.last_epoch) * 1.1)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
        axes.set_xlim(0.7, scale.last_epoch + 0.3)


def log_ticks(axis: Axis) -> None:
    """Label the powers of ten of an axis in one size: exponents would be too small to read."""
    axis.set_major_locator(LogLocator(numticks=4))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def epoch_words(scale: Scale) -> str:
    """What stands below such an axis."""
    return "epoch, logarithmic" if scale.log_epochs else "epoch"


def _with_healthy(limits: Limits) -> Limits:
    return max(_SMALLEST_UPDATE, min(limits[0], HEALTHY_UPDATES[0] / 2)), max(
        limits[1], 2 * HEALTHY_UPDATES[1]
    )


def _decades(values: Iterable[float | None]) -> Limits:
    """Limits of a log axis, of at least two decades: a factor of two must not look like a signal's end."""
    shown = [value for value in values if value is not None and value > 0]
    if not shown:
        return 0.1, 10.0
    middle = math.sqrt(min(shown) * max(shown))
    return min(*shown, middle / 10) / 2, max(*shown, middle * 10) * 2
