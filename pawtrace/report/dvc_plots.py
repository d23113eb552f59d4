"""The numbers behind `dvc plots`: one long table per plot, with a column `recipe`.

Arrives: the results of all recipes. Leaves: CSV texts for `reports/plots/`. The recipes are not
known to dvc.yaml, so the Vega templates in `.dvc/plots/` colour by that column.
"""

from collections.abc import Iterable

from pawtrace.base.files import csv_text
from pawtrace.config.sections import LABELS
from pawtrace.results.results import History, Result


def plot_tables(results: list[Result]) -> dict[str, str]:
    """The files of `reports/plots/`: name -> text. All but the curves are of the test split."""
    return {
        "curves.csv": _table(("recipe", *History._fields), _curves(results)),
        "confusion.csv": _table(("recipe", "label", "predicted", "count", "share"), _confusions(results)),
        "roc.csv": _table(
            ("recipe", "false_positive_rate", "true_positive_rate"),
            ((result.name, *point) for result in results for point in result.evaluation.roc),
        ),
        "calibration.csv": _table(
            ("recipe", "mean_probability", "share_of_dogs", "count"),
            (
                (result.name, point.mean_probability, point.share_of_dogs, point.count)
                for result in results
                for point in result.evaluation.calibration
            ),
        ),
    }


def _curves(results: list[Result]) -> Iterable[tuple[object, ...]]:
    for result in results:
        for row in zip(*result.history, strict=True):
            yield (result.name, *row)


def _confusions(results: list[Result]) -> Iterable[tuple[object, ...]]:
    for result in results:
        for label, counts in zip(LABELS, result.evaluation.confusion["test"], strict=True):
            for predicted, count in zip(LABELS, counts, strict=True):
                yield result.name, label, predicted, count, count / sum(counts)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    rounded = ([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    return csv_text(columns, rounded)
