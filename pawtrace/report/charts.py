"""The charts of the report as SVG texts.

Arrives: results and the scale that all recipes share. Leaves: SVG, as wide as a phone. A recipe has the same
colour in every chart; the best recipe is grey behind the others; dashed lines are guessing, the shaded
band is healthy.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pawtrace.config.sections import LABELS
from pawtrace.report.chart_scale import LOSS_OF_GUESSING, Scale, behind, epoch_axis, epoch_words
from pawtrace.report.chart_style import (
    BAND,
    BEHIND,
    FAINT,
    INK,
    MUTED,
    SMALL_PT,
    WIDTH_IN,
    as_svg,
    colour_of,
    dashes_of,
    label_lines,
)
from pawtrace.results.results import CalibrationBin, Curve, History, Result

Counts = list[list[int]]  # of examples: a row for each label, a column for each prediction
_GUESSING = {"color": MUTED, "linewidth": 0.9, "linestyle": (0, (4, 3)), "zorder": 1}
_TRAIN = (0, (3, 1.5))
BEHIND_LINE = {"color": BEHIND, "linewidth": 1.3, "zorder": 1.5}


@as_svg
def learning_curves(result: Result, colour: str, scale: Scale) -> Figure:
    """Loss and accuracy by epoch, train faint and validation strong; best epoch and phases marked."""
    drawing = Figure(figsize=(WIDTH_IN, 4.4))
    above, below = drawing.subplots(2, sharex=True)
    history, best = result.history, behind(scale, result)
    above.set_title("loss", pad=14)  # above the kept epoch's number
    above.set_ylim(0, scale.highest_loss)
    above.axhline(LOSS_OF_GUESSING, **_GUESSING)
    below.set(title="accuracy", ylim=(scale.lowest_accuracy, 1.01), xlabel=epoch_words(scale))
    below.axhspan(scale.good_accuracy, 1.01, color=BAND, linewidth=0, zorder=0)
    below.axhline(0.5, **_GUESSING)
    if best is not None:
        above.plot(best.history.epoch, best.history.val_loss, **BEHIND_LINE)
        below.plot(best.history.epoch, best.history.val_accuracy, **BEHIND_LINE)
    _curve_pair(above, history, (history.loss, history.val_loss), colour)
    _curve_pair(below, history, (history.accuracy, history.val_accuracy), colour)
    _say_what_is_beyond(above, (*history.loss, *history.val_loss), scale)
    for axes in (above, below):
        epoch_axis(axes, scale)
        _mark_epochs(axes, history, result.training.best_epoch)
    kept = result.training.best_epoch
    above.annotate(
        f"kept: {kept}", (kept, 1), xycoords=("data", "axes fraction"), color=INK, fontsize=SMALL_PT,
        xytext=(0, 3), textcoords="offset points", ha="center",
    )  # fmt: skip
    _legend(drawing, colour, best)
    return drawing


@as_svg
def history_curves(history: History, colour: str) -> Figure:
    """Loss and accuracy by epoch of a training that was no recipe's, train faint and validation strong."""
    drawing = Figure(figsize=(WIDTH_IN, 4.4))
    above, below = drawing.subplots(2, sharex=True)
    above.set_title("loss")
    below.set(title="accuracy", xlabel="epoch")
    for axes, guessing in ((above, LOSS_OF_GUESSING), (below, 0.5)):
        axes.axhline(guessing, **_GUESSING)
    _curve_pair(above, history, (history.loss, history.val_loss), colour)
    _curve_pair(below, history, (history.accuracy, history.val_accuracy), colour)
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(drawing, colour, None)
    return drawing


def _legend(drawing: Figure, colour: str, best: Result | None) -> None:
    lines = {
        "validation": Line2D([], [], color=colour),
        "training": Line2D([], [], color=colour, alpha=0.6, linestyle=_TRAIN),
    }
    if best is not None:
        lines["best recipe"] = Line2D([], [], **BEHIND_LINE)
    drawing.legend(
        [*lines.values()], [*lines], loc="outside upper left", ncols=3, columnspacing=1.2, handlelength=1.7
    )


def _curve_pair(axes: Axes, history: History, pair: tuple[Curve, Curve], colour: str) -> None:
    # One epoch alone is a point, which a line would not show.
    marker = "o" if len(history.epoch) == 1 else None
    train, validation = pair
    axes.plot(history.epoch, train, color=colour, alpha=0.6, linestyle=_TRAIN, marker=marker)
    axes.plot(history.epoch, validation, color=colour, marker=marker)


def _say_what_is_beyond(axes: Axes, losses: Curve, scale: Scale) -> None:
    if max(losses) > scale.highest_loss:
        axes.text(
            0.99, 0.96, f"highest: {max(losses):.3g}", color=INK, fontsize=SMALL_PT, ha="right", va="top",
            transform=axes.transAxes,
        )  # fmt: skip


def _mark_epochs(axes: Axes, history: History, best_epoch: int) -> None:
    axes.axvline(best_epoch, color=INK, linewidth=0.9)
    for number in range(1, len(history.epoch)):
        if history.phase[number] != history.phase[number - 1]:
            between = history.epoch[number] - 0.5
            axes.axvline(between, color=FAINT, linewidth=1.2, linestyle="dotted")
            axes.annotate(
                f" phase {history.phase[number] + 1}", (between, 0), xycoords=("data", "axes fraction"),
                xytext=(0, 3), textcoords="offset points", color=MUTED, fontsize=SMALL_PT,
            )  # fmt: skip


@as_svg
def all_validation_curves(results: list[Result], width_in: float, scale: Scale) -> Figure:
    """Validation accuracy by epoch of every recipe, its best epoch marked."""
    drawing = Figure(figsize=(width_in, max(3.0, 0.17 * len(results) + 1)))
    axes = drawing.subplots()
    for number, result in enumerate(results):
        history, best = result.history, result.training.best_epoch
        axes.plot(history.epoch, history.val_accuracy, color=colour_of(number), linestyle=dashes_of(number))
        axes.plot(best, history.val_accuracy[history.epoch.index(best)], "o", color=colour_of(number))
    axes.axhline(0.5, **_GUESSING)
    axes.set_ylim(scale.lowest_accuracy, 1.01)
    epoch_axis(axes, scale)
    axes.set(xlabel=epoch_words(scale), title="validation accuracy")
    ends = [(r.history.val_accuracy[-1], r.name, colour_of(n)) for n, r in enumerate(results)]
    label_lines(axes, ends, axes.get_xlim()[1])
    return drawing


@as_svg
def roc_curve(result: Result, colour: str, scale: Scale) -> Figure:
    """The ROC curve of a recipe, that of the best in grey behind it."""
    drawing = Figure(figsize=(WIDTH_IN, 3.5))
    axes = drawing.subplots()
    best = behind(scale, result)
    if best is not None:
        axes.plot(*zip(*best.evaluation.roc, strict=True), **BEHIND_LINE)
    axes.plot(*zip(*result.evaluation.roc, strict=True), color=colour, linewidth=2.2)
    axes.plot((0, 1), (0, 1), **_GUESSING)
    area = result.metric("test", "roc_auc")
    axes.text(0.97, 0.05, f"area {area:.3f}", color=colour, ha="right", fontsize=11)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal", title="ROC curve")
    axes.set(xlabel="share of cats called dogs", ylabel="share of dogs called dogs")
    return drawing


@as_svg
def reliability(
    bins: list[CalibrationBin], error: float, colour: str, best: Sequence[CalibrationBin] = (), most: int = 0
) -> Figure:
    """The share of dogs by P(dog), with the number of examples behind each point below.

    Args:
      bins: of the recipe.
      error: its calibration error.
      colour: its colour.
      best: of the best recipe, drawn in grey behind it.
      most: examples in a bin of any recipe, where recipes are to be compared; 0: in one of this recipe.
    """
    drawing = Figure(figsize=(WIDTH_IN, 3.5))
    above, below = drawing.subplots(2, sharex=True, height_ratios=(4, 1))
    most = most or max(point.count for point in bins)
    above.plot((0, 1), (0, 1), **_GUESSING)
    above.plot(*_diagram(best), **BEHIND_LINE)
    above.plot(*_diagram(bins), color=colour, linewidth=0.9, alpha=0.6)
    # A dot's area is its number of examples: few say little.
    above.scatter(*_diagram(bins), [8 + 60 * point.count / most for point in bins], color=colour, zorder=3)
    above.set(ylim=(-0.03, 1.03), ylabel="share of dogs", title=f"reliability; calibration error {error:.3f}")
    below.bar(
        [p.mean_probability for p in bins], [p.count for p in bins], width=0.05, color=colour, alpha=0.5
    )
    below.set(xlim=(-0.03, 1.03), ylim=(0, 1.05 * most), xlabel="P(dog)", ylabel="pictures")
    below.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=2))
    return drawing


def _diagram(bins: Sequence[CalibrationBin]) -> tuple[list[float], list[float]]:
    return [point.mean_probability for point in bins], [point.share_of_dogs for point in bins]


@as_svg
def confusion_matrix(counts: Counts, colour: str, best: Counts | None = None) -> Figure:
    """Counts of examples: rows are labels, columns predictions, shaded by the share of the row.

    Args:
      counts: of the recipe.
      colour: its colour.
      best: of the best recipe, to compare with.
    """
    drawing = Figure(figsize=(WIDTH_IN, 3.5))
    axes = drawing.subplots()
    for row, label_counts in enumerate(counts):
        for column, count in enumerate(label_counts):
            share = count / max(1, sum(label_counts))
            axes.fill_between(
                (column + 0.01, column + 0.99),
                row + 0.01,
                row + 0.99,
                color=colour,
                alpha=0.05 + 0.4 * share,
                linewidth=0,
            )
            lines = [(f"{count:,}", 15.0), (f"{100 * share:.1f} %", 9.0)]
            if best is not None:
                lines.append((f"best: {100 * best[row][column] / max(1, sum(best[row])):.1f} %", SMALL_PT))
            _write_cell(axes, (column + 0.5, row + 0.5), lines)
    middles = [number + 0.5 for number in range(len(LABELS))]
    axes.set_xticks(middles, [f"called {label}" for label in LABELS])
    axes.set_yticks(middles, [f"is {label}" for label in LABELS], rotation=90, va="center")
    axes.set(xlim=(0, len(LABELS)), ylim=(len(LABELS), 0), aspect="equal", title="confusion matrix")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    return drawing


def _write_cell(axes: Axes, middle: tuple[float, float], lines: Sequence[tuple[str, float]]) -> None:
    for number, (text, size_pt) in enumerate(lines):
        y = middle[1] - 0.1 + 0.2 * number
        axes.text(middle[0], y, text, fontsize=size_pt, ha="center", va="center", color=INK)
