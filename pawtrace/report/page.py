"""The report as one HTML page that opens without a network: pictures inside it, no script.

Arrives: the rungs of all recipes, the judged claims and the data's summary. Leaves: the text of
`reports/report.html`. File names are whatever an archive held, so everything is escaped.
"""

from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from pawtrace.base.yaml_files import yaml_text
from pawtrace.config.sections import LABELS, SPLITS
from pawtrace.diagnosis.label_quality import Suspect
from pawtrace.diagnosis.shortcuts import Shortcut
from pawtrace.report import charts
from pawtrace.report.chart_style import colour_of
from pawtrace.report.claims import Judgement
from pawtrace.report.data_uris import data_uri, svg_uri
from pawtrace.report.evidence_rows import number_rows, probe_rows
from pawtrace.report.ladder import Rung, answer, best_rung, majority_share
from pawtrace.report.ladder_markdown import comparison_sentences, difference_words, seeds_words
from pawtrace.report.signal_charts import during_training, signal_by_block
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.number_words import percent, points
from pawtrace.results.results import ErrorPicture

_METRIC_WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "brier_score": "Brier score",
    "calibration_error": "calibration error",
}
_RULING_TONES = {"supported": "good", "contradicted": "bad"}
MAX_SUSPECTS = 50  # listed; predictions.csv has all


class RecipeSection(NamedTuple):
    """What the page shows of one recipe; all charts as data URIs."""

    rung: Rung
    colour: str
    curves: str
    signal: str
    during: str | None  # signals during training; none where no epoch was measured
    confusion: str
    roc: str
    reliability: str
    numbers: list[tuple[str, str]]
    probes: list[tuple[str, str]]
    worst_errors: list[ErrorPicture]
    suspects: list[Suspect]


def report_page(
    rungs: list[Rung], judgements: list[Judgement], data: DataSummary, shortcuts: list[Shortcut]
) -> str:
    """Draw the whole page.

    Args:
      rungs: of all recipes, in the order of params.yaml.
      judgements: of the article's claims.
      data: what the recipes were trained and measured on.
      shortcuts: of these pictures, striking ones.
    Returns:
      HTML; the same bytes for the same input.
    """
    results = [rung.result for rung in rungs]
    guess_label, guess_share = majority_share(results[0], "test")
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            best=best_rung(rungs),
            answer=answer(rungs),
            comparisons=comparison_sentences(rungs),
            sections=[_section(rungs, number) for number in range(len(rungs))],
            judgements=judgements,
            overview=svg_uri(charts.all_validation_curves(results)),
            guess_label=guess_label,
            guess_share=guess_share,
            num_test=sum(data.split.splits["test"].values()),
            data=data,
            shortcuts=shortcuts,
            labels=LABELS,
            splits=SPLITS,
            metric_words=_METRIC_WORDS,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pawtrace.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=_percent,
        points=points,
        share=_percent_number,
        jpeg=_jpeg_uri,
        minutes=_minutes,
        yaml=lambda content: yaml_text(content).rstrip(),
        difference=difference_words,
        seeds=seeds_words,
        ruling_tone=lambda ruling: _RULING_TONES.get(ruling, "none"),
    )
    return environment


def _section(rungs: list[Rung], number: int) -> RecipeSection:
    rung, colour = rungs[number], colour_of(number)
    result, diagnosis = rung.result, rung.diagnosis
    evaluation = result.evaluation
    error = result.metric("test", "calibration_error")
    return RecipeSection(
        rung=rung,
        colour=colour,
        curves=svg_uri(charts.learning_curves(result, colour)),
        signal=svg_uri(signal_by_block(result.probes.blocks, colour)),
        during=svg_uri(during_training(result, colour)) if result.signals.epochs else None,
        confusion=svg_uri(charts.confusion_matrix(evaluation.confusion["test"], colour)),
        roc=svg_uri(charts.roc_curves([each.result for each in rungs], result, colour)),
        reliability=svg_uri(charts.reliability(evaluation.calibration, error, colour)),
        numbers=number_rows(diagnosis.numbers),
        probes=probe_rows(result),
        worst_errors=result.worst_errors,
        suspects=diagnosis.suspects[:MAX_SUSPECTS],
    )


def _jpeg_uri(path: Path) -> str:
    return data_uri("image/jpeg", path.read_bytes())


def _percent(share: float) -> str:
    return percent(share).replace(" ", "\N{NO-BREAK SPACE}")


def _percent_number(share: float) -> str:
    """A share as CSS wants it."""
    return f"{100 * min(1.0, max(0.0, share)):.2f}%"


def _minutes(value: float) -> str:
    return f"{value:.1f} min" if value >= 0.95 else f"{60 * value:.0f} s"
