"""What each recipe is worth, as `reports/` has it: accuracy, its interval, the gap, the verdict.

Arrives: reports/metrics/<recipe>.json and, where the stage `report` has run, reports/diagnosis/<recipe>.json.
Leaves: `Standing`s, and tables of them for a terminal and for programs.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.base.files import csv_text
from pawtrace.base.stage_outputs import StageOutput, read_json
from pawtrace.config import paths
from pawtrace.results.number_words import percent, points

_WIDTH = 80
_UNKNOWN = "not known"  # of a recipe that was measured after the last report


class _TestMetrics(StageOutput):
    accuracy: float
    ci_low: float
    ci_high: float


class _Metrics(StageOutput):
    test: _TestMetrics
    gap: float


class _Diagnosis(StageOutput):
    verdict: str


class Standing(NamedTuple):
    """A recipe's line; shares are 0..1."""

    recipe: str
    accuracy: float  # on test
    accuracy_low: float  # of its 95 % interval
    accuracy_high: float
    gap: float  # train - validation accuracy
    verdict: str | None


def read_standings(recipes: Sequence[str]) -> list[Standing]:
    """The standings of all recipes that have metrics.

    Args:
      recipes: their order; others come after them.
    Raises:
      DataError: no recipe has metrics, or a file is damaged.
    """
    found = sorted(file.stem for file in paths.METRICS.glob("*.json"))
    if not found:
        raise DataError(f"{paths.METRICS}: expected metrics of recipes, found none; run: make repro")
    ordered = [*(name for name in recipes if name in found), *(name for name in found if name not in recipes)]
    return [_standing(name) for name in ordered]


def as_table(standings: Iterable[Standing]) -> str:
    """Aligned columns, at most 80 characters wide: a long name is cut."""
    rows = [
        (
            standing.recipe,
            percent(standing.accuracy),
            f"{100 * standing.accuracy_low:.1f} to {100 * standing.accuracy_high:.1f}",
            points(standing.gap),
            (standing.verdict or _UNKNOWN).replace("_", " "),
        )
        for standing in standings
    ]
    titles = ("recipe", "accuracy", "95 % interval", "gap", "verdict")
    _, *widths = (max(map(len, column)) for column in zip(titles, *rows, strict=True))
    room = _WIDTH - sum(widths) - 2 * len(widths)
    width = min(room, max(len(name) for name, *_ in (titles, *rows)))
    lines = []
    for name, accuracy, interval, gap, verdict in (titles, *rows):
        shown = name if len(name) <= width else f"{name[: width - 1]}…"
        numbers = (f"{cell:>{of}}" for cell, of in zip((accuracy, interval, gap), widths, strict=False))
        lines.append("  ".join((f"{shown:<{width}}", *numbers, verdict)))
    return "".join(f"{line}\n" for line in lines)


def as_csv(standings: Iterable[Standing]) -> str:
    """A line for each recipe."""
    return csv_text(Standing._fields, standings)


def as_json(standings: Iterable[Standing]) -> str:
    """A list of objects with the keys of CSV."""
    return json.dumps([standing._asdict() for standing in standings], indent=2) + "\n"


def _standing(recipe: str) -> Standing:
    metrics = read_json(_Metrics, paths.METRICS / f"{recipe}.json", f"measure@{recipe}")
    diagnosis, verdict = paths.REPORTS / "diagnosis" / f"{recipe}.json", None
    if diagnosis.exists():
        verdict = read_json(_Diagnosis, diagnosis, "report").verdict
    test = metrics.test
    return Standing(recipe, test.accuracy, test.ci_low, test.ci_high, metrics.gap, verdict)
