"""All charts of the page, drawn and with the words that say what they show.

Arrives: rungs. Leaves: `<svg>` elements.
"""

from typing import NamedTuple

from markupsafe import Markup

from pawtrace.config.sections import DiagnoseParams
from pawtrace.report import charts
from pawtrace.report.chart_scale import Scale, behind, scale_of
from pawtrace.report.chart_style import WIDE_IN, WIDTH_IN, colour_of
from pawtrace.report.inline_svg import inline_svg
from pawtrace.report.ladder import Rung, best_rung
from pawtrace.report.signal_charts import during_training, signal_by_block
from pawtrace.results.results import Result


class RecipeCharts(NamedTuple):
    """The charts of one recipe."""

    curves: Markup
    during: Markup | None  # None: no epoch was measured
    signal: Markup
    confusion: Markup
    roc: Markup
    reliability: Markup


class Overviews(NamedTuple):
    """One chart of all recipes, for wide pages and for narrow ones."""

    wide: Markup
    narrow: Markup


def scale_for(rungs: list[Rung], thresholds: DiagnoseParams) -> Scale:
    """The axes that the charts of all recipes share."""
    best = best_rung(rungs)
    return scale_of([rung.result for rung in rungs], best.result if best.beats_guessing else None, thresholds)


def overviews(rungs: list[Rung], scale: Scale) -> Overviews:
    """The validation accuracy of every recipe by epoch."""
    words = "Validation accuracy by epoch of every recipe"
    results = [rung.result for rung in rungs]
    wide, narrow = (
        inline_svg(charts.all_validation_curves(results, width_in, scale), name, words)
        for width_in, name in ((WIDE_IN, "wide"), (WIDTH_IN, "narrow"))
    )
    return Overviews(wide, narrow)


def charts_of(result: Result, number: int, scale: Scale) -> RecipeCharts:
    """Draw the charts of a recipe.

    Args:
      result: of the recipe.
      number: its place in params.yaml.
      scale: the axes that it shares with the others.
    """
    colour, best = colour_of(number), behind(scale, result)
    evaluation, name = result.evaluation, result.name

    def chart(svg: str, kind: str, words: str) -> Markup:
        return inline_svg(svg, f"{kind}{number}", words)

    return RecipeCharts(
        curves=chart(
            charts.learning_curves(result, colour, scale),
            "curves",
            f"Loss and accuracy of {name} by epoch, on training and validation pictures",
        ),
        during=chart(
            during_training(result, colour, scale),
            "during",
            f"Accuracy of {name} in training and in inference mode, and the size of its updates, by epoch",
        )
        if result.signals.epochs
        else None,
        signal=chart(
            signal_by_block(result, colour, scale),
            "signal",
            f"Spread of activations and size of gradients by block of {name}, before training",
        ),
        confusion=chart(
            charts.confusion_matrix(
                evaluation.confusion["test"], colour, best and best.evaluation.confusion["test"]
            ),
            "confusion",
            f"Confusion matrix of {name} on the test pictures",
        ),
        roc=chart(
            charts.roc_curve(result, colour, scale),
            "roc",
            f"ROC curve of {name} on the test pictures, area {result.metric('test', 'roc_auc'):.3f}",
        ),
        reliability=chart(
            charts.reliability(
                evaluation.calibration,
                result.metric("test", "calibration_error"),
                colour,
                best.evaluation.calibration if best else (),
                scale.most_in_a_bin,
            ),
            "reliability",
            f"Reliability diagram of {name} on the test pictures",
        ),
    )
