"""The report as one HTML page that opens without a network: pictures inside it, no script.

Arrives: the rungs of all recipes, the judged claims, the data's summary, when and where the models were
trained. Leaves: the text of `reports/report.html`. File names are whatever an archive held, so everything is
escaped. The templates beside this module: `report.html.jinja` and the parts that it includes.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pawtrace.base.yaml_files import yaml_text
from pawtrace.config.sections import LABELS, SPLITS, DiagnoseParams
from pawtrace.diagnosis.cures.names_in_lines import names_explained
from pawtrace.diagnosis.label_quality import Suspect
from pawtrace.diagnosis.shortcuts import Shortcut
from pawtrace.report import reason
from pawtrace.report.chart_style import PALETTE, variable_of
from pawtrace.report.claims import Judgement
from pawtrace.report.data_uris import thumbnail_uri
from pawtrace.report.evidence_rows import number_rows, probe_rows
from pawtrace.report.ladder import Rung, best_rung, majority_share
from pawtrace.report.ladder_markdown import comparison_sentences, difference_words, seeds_words
from pawtrace.report.recipe_charts import RecipeCharts, charts_of, overviews, scale_for
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.number_words import percent, points
from pawtrace.results.origins import Origin

_METRIC_WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "brier_score": "Brier score",
    "calibration_error": "calibration error",
}
_RULING_TONES = {"supported": "good", "contradicted": "bad"}
_TRIAL_TONES = {"better": "good", "worse": "bad", "tie": "none"}
_PERCENT_SIGN = re.compile(r"(?<=\d) %")  # no line ends between a number and its sign
MAX_SUSPECTS = 50  # listed; predictions.csv has all


class RecipeSection(NamedTuple):
    """What the page shows of one recipe."""

    rung: Rung
    variable: str  # the palette's name of its colour
    is_open: bool  # the others are opened by a click
    origin: Origin
    charts: RecipeCharts
    numbers: list[tuple[str, str]]
    probes: list[tuple[str, str]]
    suspects: list[Suspect]  # whose labels the user has not decided


def report_page(
    rungs: list[Rung],
    judgements: list[Judgement],
    data: DataSummary,
    shortcuts: list[Shortcut],
    origins: Mapping[str, Origin],
    thresholds: DiagnoseParams,
) -> str:
    """Draw the whole page.

    Args:
      rungs: of all recipes, in the order of params.yaml; the first one is what the page is about.
      judgements: of the article's claims.
      data: what the recipes were trained and measured on.
      shortcuts: of these pictures, striking ones.
      origins: when and on which commit each recipe was trained.
      thresholds: what counts as healthy.
    Returns:
      HTML; the same bytes for the same input.
    """
    best, scale = best_rung(rungs), scale_for(rungs, thresholds)
    guess_label, guess_share = majority_share(rungs[0].result, "test")
    page = (
        _environment()
        .get_template("report.html.jinja")
        .render(
            palette=PALETTE,
            reason=reason,
            first=rungs[0],
            rungs=rungs,
            best=best,
            comparisons=comparison_sentences(rungs),
            sections=[
                RecipeSection(
                    rung=rung,
                    variable=variable_of(number),
                    is_open=rung in (rungs[0], best),
                    origin=origins[rung.recipe],
                    charts=charts_of(rung.result, number, scale),
                    numbers=number_rows(rung.diagnosis.numbers),
                    probes=probe_rows(rung.result),
                    suspects=[each for each in rung.diagnosis.suspects if each.id not in data.reviewed],
                )
                for number, rung in enumerate(rungs)
            ],
            judgements=judgements,
            overviews=overviews(rungs, scale),
            scale=scale,
            guess_label=guess_label,
            guess_share=guess_share,
            max_suspects=MAX_SUSPECTS,
            num_test=sum(data.split.splits["test"].values()),
            data=data,
            origins=origins,
            shortcuts=shortcuts,
            labels=LABELS,
            splits=SPLITS,
            metric_words=_METRIC_WORDS,
        )
    )
    return _PERCENT_SIGN.sub("\N{NO-BREAK SPACE}%", page)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pawtrace.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        names_explained=names_explained,
        percent=percent,
        points=points,
        share=_percent_number,
        thumbnail=thumbnail_uri,
        minutes=_minutes,
        yaml=lambda content: yaml_text(content).rstrip(),
        difference=difference_words,
        seeds=seeds_words,
        linked=_linked,
        ruling_tone=lambda ruling: _RULING_TONES.get(ruling, "none"),
        trial_tone=_TRIAL_TONES.__getitem__,
    )
    return environment


def _linked(sentence: str, *recipes: str | None) -> Markup:
    """A sentence in which the first mention of each of these recipes leads to its section."""
    linked = escape(sentence)
    for recipe in filter(None, recipes):
        link = Markup('<a class="name" href="#recipe-{0}">{0}</a>').format(recipe)
        linked = Markup(re.sub(rf"(?<![\w#>-]){recipe}\b", link, linked, count=1))
    return linked


def _percent_number(share: float) -> str:
    """A share as CSS wants it."""
    return f"{100 * min(1.0, max(0.0, share)):.2f}%"


def _minutes(value: float) -> str:
    return f"{value:.1f} min" if value >= 0.95 else f"{60 * value:.0f} s"
