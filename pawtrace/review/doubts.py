"""Photos to review, and why, found in the outputs of the stages.

Arrives: data/splits and data/raw (rejected.csv), reports/diagnosis, models/<recipe>/worst_errors.csv,
data/review.csv. Leaves: `Doubt`s, a photo each, without pictures.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.base.stage_outputs import read_rows
from pawtrace.config import paths
from pawtrace.dataset.sources.true_names import is_system_file
from pawtrace.dataset.splitting.review import DROPPED, Decision
from pawtrace.dataset.splitting.splits import LABEL_CONFLICT
from pawtrace.diagnosis.label_quality import Suspect
from pawtrace.inference.photo_table import photo_prediction
from pawtrace.results.number_words import percent
from pawtrace.results.standings import read_standings

_DIAGNOSES = paths.REPORTS / "diagnosis"
MAX_REJECTED = 200  # files that are no photos can be many; data/raw/rejected.csv lists all
_TWO_LABELS, _DECIDED = "two_labels", "decided"
# In this order on the page.
KINDS = {
    _TWO_LABELS: "The same picture as cat and as dog",
    "suspect": "Labels that are probably wrong",
    "error": "Most confident mistakes on test photos",
    "rejected": "Files that cannot be used",
    _DECIDED: "Already decided",
}


class Reason(NamedTuple):
    """Why to look at a photo."""

    kind: str  # a key of KINDS
    sentence: str
    attention: Path | None = None  # a picture of where the model looks


class Doubt(NamedTuple):
    """A photo to look at."""

    file: str  # its path in the archive
    reasons: list[Reason]

    @property
    def kind(self) -> str:
        """Of the most important reason; decided, if it is, unless it stands beside a copy of it."""
        kinds = {reason.kind for reason in self.reasons}
        if _DECIDED in kinds and _TWO_LABELS not in kinds:
            return _DECIDED
        return min(kinds, key=list(KINDS).index)

    @property
    def is_open(self) -> bool:
        """Whether nothing is decided of it."""
        return all(reason.kind != _DECIDED for reason in self.reasons)


def find_doubts(recipes: Sequence[str], decided: dict[str, Decision]) -> list[Doubt]:
    """All photos to look at, in the order of the page.

    Args:
      recipes: whose diagnoses and errors to read, where there are some.
      decided: the decisions so far.
    Raises:
      DataError: data/splits or data/raw is missing: nothing has run yet.
    """
    reasons: dict[str, list[Reason]] = {}
    for file, reason in (*_of_splits(), *_suspects(recipes), *_errors(recipes), *_unusable()):
        reasons.setdefault(file, []).append(reason)
    for file, decision in decided.items():
        reasons.setdefault(file, []).append(Reason(_DECIDED, f"your decision: {decision}"))
    doubts = [Doubt(file, of_file) for file, of_file in reasons.items()]
    return sorted(doubts, key=lambda doubt: list(KINDS).index(doubt.kind))


def _of_splits() -> Iterator[tuple[str, Reason]]:
    for row in _rows(paths.SPLITS / "rejected.csv", ("file", "reason")):
        if row["reason"] == LABEL_CONFLICT:
            yield (
                row["file"],
                Reason(_TWO_LABELS, "a copy of this picture has the other label; both are left out"),
            )
        elif row["reason"] != DROPPED:
            yield row["file"], Reason("rejected", row["reason"])


def _unusable() -> Iterator[tuple[str, Reason]]:
    rows = _rows(paths.RAW / "rejected.csv", ("file", "reason"))
    for row in [row for row in rows if not is_system_file(row["file"])][:MAX_REJECTED]:
        yield row["file"], Reason("rejected", row["reason"])


def _suspects(recipes: Sequence[str]) -> Iterator[tuple[str, Reason]]:
    """Of all recipes together, each photo once, by the recipe that is surest."""
    surest: dict[str, tuple[float, str]] = {}
    for recipe in recipes:
        for suspect in _diagnosed(recipe):
            said = photo_prediction(suspect.id, suspect.probability)
            if said.label != suspect.label and said.probability > surest.get(said.file, (0.0, ""))[0]:
                sentence = (
                    f"labelled {suspect.label}; {recipe}, which was not trained on that label, predicts "
                    f"{said.label} ({percent(said.probability)})"
                )
                surest[said.file] = said.probability, sentence
    for file in sorted(surest, key=lambda file: -surest[file][0]):
        yield file, Reason("suspect", surest[file][1])


def _diagnosed(recipe: str) -> list[Suspect]:
    path = _DIAGNOSES / f"{recipe}.json"
    try:
        suspects = json.loads(path.read_text(encoding="utf-8"))["suspects"]
        return [Suspect(**suspect) for suspect in suspects]
    except FileNotFoundError:  # the report has not run yet
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: expected a diagnosis, found {error!r:.80}; run: dvc repro report") from None


def _best_first(recipes: Sequence[str]) -> list[str]:
    """By accuracy on test; recipes that are not measured yet come last."""
    measured = read_standings(recipes) if any(paths.METRICS.glob("*.json")) else []
    accuracy = {standing.recipe: standing.accuracy for standing in measured}
    return sorted(recipes, key=lambda recipe: accuracy.get(recipe, -1.0), reverse=True)


def _errors(recipes: Sequence[str]) -> Iterator[tuple[str, Reason]]:
    seen = set()
    for recipe in _best_first(recipes):
        table = paths.MODELS / recipe / "worst_errors.csv"
        if not table.is_file():  # not trained yet
            continue
        for row in _rows(table, ("id", "label", "probability", "attention")):
            if row["id"] in seen:
                continue
            seen.add(row["id"])
            said = photo_prediction(row["id"], float(row["probability"]))
            picture = table.with_suffix("") / Path(row["attention"]).name if row["attention"] else None
            answer = f"{said.label} ({percent(said.probability)})"
            sentence = f"labelled {row['label']}; {recipe} predicts {answer}"
            yield row["id"], Reason("error", sentence, picture)


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    return read_rows(path, columns, path.parts[-2])
