"""Charts of the signal: block by block before training, epoch by epoch during it."""

import math
from collections.abc import Callable
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pawtrace.diagnosis.dying_signal import counted_std
from pawtrace.report.chart_scale import (
    HEALTHY_UPDATES,
    Limits,
    Scale,
    behind,
    epoch_axis,
    epoch_words,
    log_ticks,
)
from pawtrace.report.chart_style import BAND, INK, WIDTH_IN, as_svg
from pawtrace.report.charts import BEHIND_LINE
from pawtrace.results.probe_results import Block
from pawtrace.results.results import Result

_Value = Callable[[Block], float | None]


@as_svg
def during_training(result: Result, colour: str, scale: Scale) -> Figure:
    """Accuracy in both modes on the same pictures, and the ratio of update to weight, by epoch."""
    drawing = Figure(figsize=(WIDTH_IN, 4.4))
    above, below = drawing.subplots(2, sharex=True)
    best = behind(scale, result)
    if best is not None:
        above.plot(*_accuracies(best, "inference"), **BEHIND_LINE)
        below.plot(*_median_updates(best), **BEHIND_LINE)
    for mode, style in (("training", "dashed"), ("inference", "solid")):
        above.plot(*_accuracies(result, mode), color=colour, linestyle=style, label=f"{mode} mode")
    above.set(ylim=(-0.02, 1.02), title="accuracy in both modes")
    drawing.legend(loc="outside upper left", ncols=2, columnspacing=1.2, handlelength=1.7)
    below.axhspan(*HEALTHY_UPDATES, color=BAND, linewidth=0, zorder=0)
    names = list(dict.fromkeys(block.name for each in result.signals.epochs for block in each.blocks))
    for number, name in enumerate(names):
        points = [
            (each.epoch, block.update_ratio)
            for each in result.signals.epochs
            for block in each.blocks
            if block.name == name and block.update_ratio
        ]
        if points:
            # From the input's side, pale, to the output's.
            strength = 0.3 + 0.7 * (number + 1) / len(names)
            below.plot(*zip(*points, strict=True), color=colour, alpha=strength)
    below.set(
        yscale="log", ylim=scale.updates, xlabel=epoch_words(scale), title="change by a step, each block"
    )
    log_ticks(below.yaxis)
    for axes in (above, below):
        epoch_axis(axes, scale)
    return drawing


def _accuracies(result: Result, mode: str) -> tuple[list[int], list[float]]:
    signals = result.signals.epochs
    values = [getattr(each, mode).accuracy for each in signals]
    return [each.epoch for each in signals], [math.nan if value is None else value for value in values]


def _median_updates(result: Result) -> tuple[list[int], list[float]]:
    """Over the blocks: one line that others can be compared with."""
    ratios = {
        each.epoch: [block.update_ratio for block in each.blocks if block.update_ratio]
        for each in result.signals.epochs
    }
    return [e for e, found in ratios.items() if found], [median(found) for found in ratios.values() if found]


@as_svg
def signal_by_block(result: Result, colour: str, scale: Scale) -> Figure:
    """How far activations and gradients reach before training, a row for each block, on log axes."""
    blocks = result.probes.blocks
    drawing = Figure(figsize=(WIDTH_IN, max(3.5, 1.1 + 0.24 * len(blocks))))
    left, right = drawing.subplots(1, 2, sharey=True)
    _shade_healthy(left, blocks, counted_std(result.probes.input_range.received.std or 0.0), scale)
    best = behind(scale, result)
    for axes, value, limits in (
        (left, _activation, scale.activations),
        (right, _gradient, scale.gradients),
    ):
        if best is not None:
            _rows_behind(axes, blocks, best.probes.blocks, value)
        _signal_rows(axes, [value(block) for block in blocks], colour, limits)
    left.set_title("activations")
    right.set_title("gradients")
    left.set_yticks(range(len(blocks)), [block.name for block in blocks])
    left.set_ylim(len(blocks) - 0.5, -0.5)  # the input's side above
    return drawing


def _activation(block: Block) -> float | None:
    return block.activation_std


def _gradient(block: Block) -> float | None:
    return block.gradient_rms


def _signal_rows(axes: Axes, values: list[float | None], colour: str, limits: Limits) -> None:
    shown = [(row, value) for row, value in enumerate(values) if value is not None and value > 0]
    axes.set_xscale("log")
    if shown:
        rows, sizes = zip(*shown, strict=True)
        axes.plot(sizes, rows, "o-", color=colour, linewidth=1, markersize=5)
    axes.set_xlim(limits)
    for row, value in enumerate(values):
        if value == 0:  # has no place on a log axis
            axes.text(0.02, row, "0", color=INK, va="center", transform=axes.get_yaxis_transform())
    log_ticks(axes.xaxis)
    axes.tick_params(length=0)


def _rows_behind(axes: Axes, blocks: list[Block], best: list[Block], value: _Value) -> None:
    """The best recipe's signal in the blocks that it shares with the shown one."""
    of_best = {_place(block): value(block) for block in best}
    shared = [(of_best.get(_place(block)), row) for row, block in enumerate(blocks)]
    points = [(size, row) for size, row in shared if size]
    if points:
        axes.plot(*zip(*points, strict=True), **BEHIND_LINE)


def _place(block: Block) -> str:
    """Where a block is in the network: with batch normalisation, its output is that of its own ReLU layer."""
    return block.name.removesuffix("_relu")


def _shade_healthy(axes: Axes, blocks: list[Block], of_inputs: float, scale: Scale) -> None:
    """Where activations are not yet called vanished: not so many times weaker than before."""
    limits, largest = [], of_inputs
    for block in blocks:
        limits.append(max(largest / scale.vanishing_ratio, scale.activations[0]))
        largest = max(largest, block.activation_std or 0.0)
    edges = [limit for limit in limits for _ in range(2)]
    rows = [row + side for row in range(len(blocks)) for side in (-0.5, 0.5)]
    axes.fill_betweenx(rows, edges, scale.activations[1], color=BAND, linewidth=0, zorder=0)
