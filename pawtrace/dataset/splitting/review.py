"""data/review.csv: the user's decisions about single photos; `pawtrace review` writes it, git tracks it.

`reviewed.py` applies the decisions. This module does not import TensorFlow, so that commands start quickly.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from pawtrace.base.errors import DataError
from pawtrace.base.files import csv_text, write_text

REVIEW = Path("data/review.csv")
Decision = Literal["keep", "drop", "cat", "dog"]  # keep: the label is right; cat, dog: it should be that
DECISIONS: tuple[Decision, ...] = get_args(Decision)
DROPPED = "dropped in review"
_COLUMNS = ("file", "decision")


def read_review(path: Path = REVIEW) -> dict[str, Decision]:
    """The decisions by the path of the photo in its archive; none where there is no file.

    Raises:
      DataError: the file is no such table; names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets put a mark at its start
            rows = list(csv.reader(file, strict=True))
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: expected CSV in UTF-8, found {error}; run: git checkout {path}") from None
    if not rows or tuple(rows[0]) != _COLUMNS:
        found = ",".join(rows[0])[:80] if rows else "an empty file"
        raise DataError(
            f"{path}: expected the columns {','.join(_COLUMNS)}, found {found}; run: git checkout {path}"
        )
    decisions: dict[str, Decision] = {}
    for number, row in enumerate(rows[1:], start=2):
        if row and (len(row) != len(_COLUMNS) or row[1] not in DECISIONS):
            raise DataError(
                f"{path}:{number}: expected a file and one of {', '.join(DECISIONS)}, "
                f"found {','.join(row)[:80]!r}; correct that line"
            )
        if row:
            decisions[row[0]] = next(decision for decision in DECISIONS if decision == row[1])
    return decisions


def write_review(decisions: Mapping[str, Decision], path: Path = REVIEW) -> None:
    """Write the decisions, sorted by file, so that the same decisions are the same bytes."""
    write_text(path, csv_text(_COLUMNS, sorted(decisions.items())))
