"""The report as one HTML page that opens without a network: pictures inside it, no script.

Arrives: the results of all recipes and the data's summary. Leaves: the text of
`reports/report.html`. File names are whatever an archive held, so everything is escaped.
"""

import base64
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from pawtrace.config.sections import LABELS, SPLITS
from pawtrace.evaluation import charts
from pawtrace.evaluation.chart_style import colour_of
from pawtrace.evaluation.data_summary import DataSummary
from pawtrace.evaluation.evaluation import WorstError
from pawtrace.evaluation.ladder import Rung, best_rung, majority_share
from pawtrace.evaluation.results import Result

_METRIC_WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "brier_score": "Brier score",
    "calibration_error": "calibration error",
}


class Picture(NamedTuple):
    """One of the worst errors, ready to be shown."""

    uri: str
    error: WorstError


class RecipeSection(NamedTuple):
    """What the page shows of one recipe; all charts as data URIs."""

    result: Result
    rung: Rung
    colour: str
    curves: str
    confusion: str
    roc: str
    reliability: str
    preview: str
    worst_errors: list[Picture]


def report_page(results: list[Result], rungs: list[Rung], data: DataSummary) -> str:
    """Draw the whole page.

    Args:
      results: of all recipes, in the order of params.yaml.
      rungs: of the same recipes.
      data: what the recipes were trained and measured on.
    Returns:
      HTML; the same bytes for the same input.
    """
    environment = Environment(
        loader=PackageLoader("pawtrace.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, share=_percent_number, jpeg=_jpeg_uri, minutes=_minutes)
    guess_label, guess_share = majority_share(results[0], "test")
    return environment.get_template("report.html.jinja").render(
        best=best_rung(rungs),
        sections=[_section(results, rung, number) for number, rung in enumerate(rungs)],
        overview=_svg_uri(charts.all_validation_curves(results)),
        guess_label=guess_label,
        guess_share=guess_share,
        num_test=sum(data.split.splits["test"].values()),
        data=data,
        labels=LABELS,
        splits=SPLITS,
        metric_words=_METRIC_WORDS,
    )


def _section(results: list[Result], rung: Rung, number: int) -> RecipeSection:
    result, colour = results[number], colour_of(number)
    evaluation = result.evaluation
    error = result.metric("test", "calibration_error")
    return RecipeSection(
        result=result,
        rung=rung,
        colour=colour,
        curves=_svg_uri(charts.learning_curves(result, colour)),
        confusion=_svg_uri(charts.confusion_matrix(evaluation.confusion["test"], colour)),
        roc=_svg_uri(charts.roc_curves(results, result, colour)),
        reliability=_svg_uri(charts.reliability(evaluation.calibration, error, colour)),
        preview=_jpeg_uri(result.preview),
        worst_errors=[
            Picture(_jpeg_uri(shown.picture), WorstError(shown.id, shown.label, shown.probability))
            for shown in result.worst_errors
        ],
    )


def _svg_uri(svg: str) -> str:
    return _data_uri("image/svg+xml", svg.encode())


def _jpeg_uri(path: Path) -> str:
    return _data_uri("image/jpeg", path.read_bytes())


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def _percent_number(share: float) -> str:
    """A share as CSS wants it."""
    return f"{100 * min(1.0, max(0.0, share)):.2f}%"


def _minutes(value: float) -> str:
    return f"{value:.1f} min" if value >= 0.95 else f"{60 * value:.0f} s"
