"""promoted.json: what the promoted model is, why it was promoted, and the digest of each of its files."""

import json
from pathlib import Path

from pydantic import ValidationError

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import sha256_of
from pawtrace.config.sections import Section
from pawtrace.promotion.chosen_model import RECORD, ModelInput
from pawtrace.promotion.made_from import DataRecord

BEST_PREDICTIONS = "best_predictions.csv"  # in the promoted folder, where another model was better
_AGAIN = "run: dvc checkout promoted.dvc, or pawtrace promote --force"


class Former(Section):
    """The model that was in use before."""

    digest: str  # by which DVC knows its folder
    recipe: str
    promoted_at: str


class Best(Section):
    """The model with the best accuracy of all that were ever promoted: later ones are compared with it."""

    recipe: str
    promoted_at: str


class DecisionRecord(Section):
    """Why it was promoted: what `judge` said."""

    verdict: str
    promote: bool  # what it advised; else the promotion was forced
    sentence: str
    margin: float | None
    comparison: dict[str, float] | None  # a `Difference`


class PromotionRecord(Section):
    """The content of promoted.json."""

    recipe: str
    promoted_at: str  # UTC, ISO 8601
    commit: str | None  # the project's, at that time
    decision: DecisionRecord
    input: ModelInput
    sha256: dict[str, str]  # of every other file in the folder
    replaces: Former | None
    best: Best | None = None  # None: this model is the best one itself
    data: DataRecord | None = None  # None: not recorded, by an earlier version


def read_record(folder: Path) -> PromotionRecord:
    """Read promoted.json.

    Raises:
      PawtraceError: it is missing or damaged.
    """
    path = folder / RECORD
    try:
        return PromotionRecord.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise PawtraceError(f"{path} is missing; {_AGAIN}") from None
    except (ValueError, ValidationError) as error:
        said = " ".join(str(error).split())[:120]
        raise PawtraceError(f"{path}: expected the record of a promotion, found {said}; {_AGAIN}") from None


def digests(folder: Path) -> dict[str, str]:
    """The sha256 of every file in a folder but promoted.json."""
    return {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != RECORD}


def changes_by_hand(folder: Path) -> list[str]:
    """What is not as it was promoted, a file each: `model.keras: changed`.

    Raises:
      PawtraceError: promoted.json itself is missing or damaged.
    """
    expected, found = read_record(folder).sha256, digests(folder)
    changes = {
        **dict.fromkeys(expected.keys() - found.keys(), "missing"),
        **dict.fromkeys(found.keys() - expected.keys(), "added by hand"),
        **{name: "changed" for name in expected.keys() & found.keys() if expected[name] != found[name]},
    }
    return [f"{name}: {what}" for name, what in sorted(changes.items())]
