"""A diagnosis as one HTML page that opens without a network: pictures inside it, no script."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from pawtrace.base.files import write_text
from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.cures.names_in_lines import names_explained
from pawtrace.diagnosis.scores import score_of
from pawtrace.evaluation.curves import calibration_bins, confusion
from pawtrace.evaluation.metrics import measure
from pawtrace.evaluation.predictions import worst_errors
from pawtrace.foreign.judging.photo_kinds import kinds_of
from pawtrace.foreign.measuring.measure import Measured
from pawtrace.foreign.reading.photos import Photos
from pawtrace.foreign.screen import about
from pawtrace.report import charts
from pawtrace.report.chart_style import PALETTE, colour_of
from pawtrace.report.data_uris import data_uri
from pawtrace.report.inline_svg import inline_svg
from pawtrace.results.number_words import decimal, percent
from pawtrace.results.results import CalibrationBin, History

if TYPE_CHECKING:
    from pawtrace.foreign.diagnosing import ForeignDiagnosis

_NUM_ERRORS = 12
_NUM_SUSPECTS = 24
_NUM_BINS = 10


class Picture(NamedTuple):
    """A photo on the page."""

    uri: str
    id: str
    label: str
    probability: float  # P(dog)


def write_page(path: Path, diagnosis: "ForeignDiagnosis") -> None:
    """Write the page of a diagnosis."""
    environment = Environment(
        loader=PackageLoader("pawtrace.foreign", "."), autoescape=True, undefined=StrictUndefined
    )
    environment.filters.update(percent=percent, decimal=decimal, names_explained=names_explained)
    template = environment.get_template("page.html.jinja")
    measured = diagnosis.measured
    if measured is None:
        write_text(path, template.render(diagnosis=diagnosis, measured=None, palette=PALETTE))
        return
    photos, colour = measured.test_photos, colour_of(0)
    shown = {"train": measured.train_photos or photos}
    found = measure(measured.test, _NUM_BINS)
    bins = [CalibrationBin.model_validate(each) for each in calibration_bins(measured.test, _NUM_BINS)]
    page = template.render(
        diagnosis=diagnosis,
        measured=measured,
        about=about(measured),
        metrics=found,
        palette=PALETTE,
        charts=[
            *_history_chart(diagnosis.history, colour),
            inline_svg(
                charts.confusion_matrix(confusion(measured.test), colour), "confusion", "Confusion matrix"
            ),
            inline_svg(
                charts.reliability(bins, found["calibration_error"], colour), "reliability", "Calibration"
            ),
        ],
        slices=[] if score_of(measured.test).at_chance else kinds_of(measured),
        pictures={
            _title_of_suspects(len(diagnosis.suspects)): [
                _picture(shown.get(each.split, photos), each.id, each.label, each.probability)
                for each in diagnosis.suspects[:_NUM_SUSPECTS]
            ],
            "Most confident mistakes": [
                _picture(photos, *error) for error in worst_errors(measured.test, _NUM_ERRORS)
            ],
        },
        conventions=_conventions(measured),
    )
    write_text(path, page)


def _title_of_suspects(number: int) -> str:
    left_out = f", the first {_NUM_SUSPECTS} of {number}" if number > _NUM_SUSPECTS else ""
    return f"Labels that are probably wrong{left_out}"


def _history_chart(history: History | None, colour: str) -> list[str]:
    if history is None:
        return []
    return [inline_svg(charts.history_curves(history, colour), "history", "Loss and accuracy by epoch")]


def _conventions(measured: Measured) -> list[tuple[str, float, float, int]]:
    trials = [measured.feeding.best, *measured.feeding.others]
    return [
        (CONVENTIONS[trial.convention].words, trial.accuracy, float(np.mean(trial.losses)), len(trial.right))
        for trial in trials
    ]


def _picture(photos: Photos, id: str, label: str, probability: float) -> Picture:
    encoded = photos.encoded[photos.ids.index(id)]
    kind = "png" if encoded.startswith(b"\x89PNG") else "jpeg"
    return Picture(data_uri(f"image/{kind}", encoded), id, label, probability)
