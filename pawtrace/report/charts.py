"""The charts of the report as SVG texts.

Arrives: results. Leaves: SVG, legible at 12 px for text when shown at its own size or a little
smaller. A recipe has the same colour in every chart; dashed grey lines are guessing.
"""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pawtrace.config.sections import LABELS
from pawtrace.report.chart_style import FAINT, INK, MUTED, as_svg, colour_of, dashes_of, label_lines
from pawtrace.results.results import CalibrationBin, History, Result

_GUESSING = {"color": MUTED, "linewidth": 0.9, "linestyle": (0, (4, 3)), "zorder": 1}
_LOSS_OF_GUESSING = math.log(2)


@as_svg
def learning_curves(result: Result, colour: str) -> Figure:
    """Loss and accuracy by epoch, train faint and validation strong; best epoch and phases marked."""
    drawing = Figure(figsize=(4.7, 4.6))
    above, below = drawing.subplots(2, sharex=True)
    history = result.history
    above.set_title("loss", pad=14)  # above the best epoch's number
    above.set_ylim(0, _loss_limit(history))
    above.axhline(_LOSS_OF_GUESSING, **_GUESSING)
    _curve_pair(above, history, (history.loss, history.val_loss), colour)
    lowest = min(0.45, *history.accuracy, *history.val_accuracy)
    below.set(title="accuracy", ylim=(lowest, 1.01), xlabel="epoch")
    below.axhline(0.5, **_GUESSING)
    _curve_pair(below, history, (history.accuracy, history.val_accuracy), colour)
    for axes in (above, below):
        _mark_epochs(axes, history, result.training.best_epoch)
    best = result.training.best_epoch
    above.annotate(
        f"best: {best}", (best, 1), xycoords=("data", "axes fraction"), color=INK, fontsize=8.5,
        xytext=(0, 3), textcoords="offset points", ha="center",
    )  # fmt: skip
    return drawing


def _curve_pair(
    axes: Axes, history: History, pair: tuple[tuple[float, ...], tuple[float, ...]], colour: str
) -> None:
    # One epoch alone is a point, which a line would not show.
    marker = "o" if len(history.epoch) == 1 else None
    train, validation = pair
    axes.plot(history.epoch, train, color=colour, alpha=0.45, linestyle=(0, (3, 1.5)), marker=marker)
    axes.plot(history.epoch, validation, color=colour, marker=marker)
    label_lines(
        axes, [(validation[-1], "validation", colour), (train[-1], "train", MUTED)], history.epoch[-1]
    )


def _loss_limit(history: History) -> float:
    """High enough for the losses that matter: a first epoch that exploded must not flatten the rest."""
    losses = sorted([*history.loss, *history.val_loss])
    return 1.1 * max(_LOSS_OF_GUESSING, losses[min(len(losses) - 1, int(0.95 * len(losses)))])


def _mark_epochs(axes: Axes, history: History, best_epoch: int) -> None:
    axes.axvline(best_epoch, color=INK, linewidth=0.9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    for number in range(1, len(history.epoch)):
        if history.phase[number] != history.phase[number - 1]:
            between = history.epoch[number] - 0.5
            axes.axvline(between, color=FAINT, linewidth=1.2, linestyle="dotted")
            axes.annotate(
                f" phase {history.phase[number] + 1}", (between, 0), xycoords=("data", "axes fraction"),
                xytext=(0, 3), textcoords="offset points", color=MUTED, fontsize=7.5,
            )  # fmt: skip


@as_svg
def all_validation_curves(results: list[Result]) -> Figure:
    """Validation accuracy by epoch of every recipe, its best epoch marked."""
    drawing = Figure(figsize=(6.4, max(3.0, 0.17 * len(results) + 1)))
    axes = drawing.subplots()
    last = max(result.history.epoch[-1] for result in results)
    for number, result in enumerate(results):
        history, best = result.history, result.training.best_epoch
        axes.plot(history.epoch, history.val_accuracy, color=colour_of(number), linestyle=dashes_of(number))
        axes.plot(best, history.val_accuracy[history.epoch.index(best)], "o", color=colour_of(number))
    axes.axhline(0.5, **_GUESSING)
    axes.set_ylim(min(0.45, *(min(result.history.val_accuracy) for result in results)), 1.01)
    axes.set_xlim(0.5, last + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    axes.set_xlabel("epoch")
    axes.set_title("validation accuracy; the dot is the epoch that was kept")
    ends = [(r.history.val_accuracy[-1], r.name, colour_of(n)) for n, r in enumerate(results)]
    label_lines(axes, ends, last)
    return drawing


@as_svg
def roc_curves(results: list[Result], shown: Result, colour: str) -> Figure:
    """The ROC curve of one recipe, those of the others in grey behind it."""
    drawing = Figure(figsize=(3.15, 3.3))
    axes = drawing.subplots()
    for result in results:
        axes.plot(*zip(*result.evaluation.roc, strict=True), color=FAINT, linewidth=1.2)
    axes.plot(*zip(*shown.evaluation.roc, strict=True), color=colour, linewidth=2.2)
    axes.plot((0, 1), (0, 1), **_GUESSING)
    axes.text(0.97, 0.05, f"AUC {shown.metric('test', 'roc_auc'):.3f}", color=colour, ha="right", fontsize=11)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set(xlabel="cats called dogs", ylabel="dogs called dogs")
    axes.set_title("ROC" if len(results) == 1 else "ROC; other recipes in grey")
    return drawing


@as_svg
def reliability(bins: list[CalibrationBin], error: float, colour: str) -> Figure:
    """The share of dogs by P(dog), with the number of examples behind each point below."""
    drawing = Figure(figsize=(3.15, 4.0))
    above, below = drawing.subplots(2, sharex=True, height_ratios=(4, 1))
    means = [point.mean_probability for point in bins]
    above.plot((0, 1), (0, 1), **_GUESSING)
    shares = [point.share_of_dogs for point in bins]
    most = max(point.count for point in bins)
    above.plot(means, shares, color=colour, linewidth=0.9, alpha=0.6)
    # A dot's area is its number of examples: few say little.
    above.scatter(means, shares, [8 + 60 * point.count / most for point in bins], color=colour, zorder=3)
    above.set(ylim=(-0.03, 1.03), ylabel="share of dogs")
    above.set_title(f"reliability; calibration error {error:.3f}")
    below.bar(means, [point.count for point in bins], width=0.05, color=colour, alpha=0.5)
    below.set(xlim=(-0.03, 1.03), xlabel="P(dog)", ylabel="examples")
    below.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=2))
    return drawing


@as_svg
def confusion_matrix(counts: list[list[int]], colour: str) -> Figure:
    """Counts of examples: rows are labels, columns predictions, shaded by the share of the row."""
    drawing = Figure(figsize=(3.0, 2.9))
    axes = drawing.subplots()
    for row, label_counts in enumerate(counts):
        for column, count in enumerate(label_counts):
            share = count / max(1, sum(label_counts))
            axes.fill_between(
                (column, column + 1), row, row + 1, color=colour, alpha=0.08 + 0.87 * share, linewidth=0
            )
            _write_cell(axes, (column, row), count, share)
    middles = [number + 0.5 for number in range(len(LABELS))]
    axes.set_xticks(middles, [f"called {label}" for label in LABELS])
    axes.set_yticks(middles, [f"is {label}" for label in LABELS], rotation=90, va="center")
    axes.set(xlim=(0, len(LABELS)), ylim=(len(LABELS), 0), aspect="equal")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.set_title("confusion")
    return drawing


def _write_cell(axes: Axes, corner: tuple[int, int], count: int, share: float) -> None:
    ink = "white" if share > 0.62 else INK
    x, y = corner[0] + 0.5, corner[1] + 0.5
    axes.text(x, y - 0.05, str(count), ha="center", va="center", fontsize=15, color=ink)
    axes.text(x, y + 0.18, f"{100 * share:.1f} %", ha="center", va="center", fontsize=8.5, color=ink)
