"""Charts of the signal: block by block before training, epoch by epoch during it."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from pawtrace.report.chart_style import FAINT, INK, as_svg
from pawtrace.results.probe_results import Block
from pawtrace.results.results import Result

# Karpathy 2015, CS231n, "Babysitting the learning process": about 1e-3 is healthy.
_HEALTHY_UPDATES = (1e-4, 1e-2)


@as_svg
def during_training(result: Result, colour: str) -> Figure:
    """Accuracy in both modes on the same pictures, and the ratio of update to weight, by epoch."""
    drawing = Figure(figsize=(6.4, 2.6))
    left, right = drawing.subplots(1, 2)
    signals = result.signals.epochs
    epochs = [each.epoch for each in signals]
    for mode, style in (("training", "dashed"), ("inference", "solid")):
        values = [getattr(each, mode).accuracy for each in signals]
        left.plot(epochs, [math.nan if v is None else v for v in values], color=colour, linestyle=style)
    left.set(ylim=(-0.02, 1.02), xlabel="epoch", title="accuracy in both modes")
    right.axhspan(*_HEALTHY_UPDATES, color=FAINT, alpha=0.5, linewidth=0)
    names = list(dict.fromkeys(block.name for each in signals for block in each.blocks))
    for number, name in enumerate(names):
        points = [
            (each.epoch, block.update_ratio)
            for each in signals
            for block in each.blocks
            if block.name == name and block.update_ratio
        ]
        if points:
            # From the input's side, pale, to the output's.
            strength = 0.3 + 0.7 * (number + 1) / len(names)
            right.plot(*zip(*points, strict=True), color=colour, alpha=strength, label=name)
    right.set(yscale="log", xlabel="epoch", title="update by weight, each block")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return drawing


@as_svg
def signal_by_block(blocks: list[Block], colour: str) -> Figure:
    """How far activations and gradients reach before training, a row for each block, on log axes."""
    drawing = Figure(figsize=(4.7, 1.1 + 0.24 * len(blocks)))
    left, right = drawing.subplots(1, 2, sharey=True)
    _signal_rows(left, [block.activation_std for block in blocks], colour)
    _signal_rows(right, [block.gradient_rms for block in blocks], colour)
    left.set_title("spread of activations")
    right.set_title("size of gradients")
    left.set_yticks(range(len(blocks)), [block.name for block in blocks])
    left.set_ylim(len(blocks) - 0.5, -0.5)  # the input's side above
    return drawing


def _signal_rows(axes: Axes, values: list[float | None], colour: str) -> None:
    shown = [(row, value) for row, value in enumerate(values) if value is not None and value > 0]
    axes.set_xscale("log")
    if shown:
        rows, sizes = zip(*shown, strict=True)
        axes.plot(sizes, rows, "o-", color=colour, linewidth=1, markersize=5)
        middle = math.sqrt(min(sizes) * max(sizes))
        # At least two decades, so that a factor of two does not look like the end of the signal.
        axes.set_xlim(min(*sizes, middle / 10) / 2, max(*sizes, middle * 10) * 2)
    for row, value in enumerate(values):
        if value == 0:  # has no place on a log axis
            axes.text(0.02, row, "0", color=INK, va="center", transform=axes.get_yaxis_transform())
    axes.xaxis.set_major_locator(LogLocator(numticks=4))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(length=0)
