"""Read the outputs of earlier stages; the error for a missing or damaged one names the stage to run."""

import csv
import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pawtrace.base.errors import DataError


class StageOutput(BaseModel):
    """The content of a JSON file that a stage wrote; keys that we do not know are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


AnyOutput = TypeVar("AnyOutput", bound=BaseModel)


def read_json(kind: type[AnyOutput], path: Path, stage: str) -> AnyOutput:
    """Read and check a JSON file.

    Args:
      kind: what it should hold.
      path: the file.
      stage: which writes it.
    Raises:
      DataError: the file is missing or holds something else.
    """
    try:
        return kind.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise missing(path, stage) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise unexpected(path, stage, f"{where}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise unexpected(path, stage, str(error)) from None


def read_rows(path: Path, columns: tuple[str, ...], stage: str) -> list[dict[str, str]]:
    """Read a CSV file that has at least these columns.

    Raises:
      DataError: the file is missing, has other columns, or a row is cut short.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
            names = reader.fieldnames or []
    except FileNotFoundError:
        raise missing(path, stage) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise unexpected(path, stage, str(error)) from None
    if not set(columns) <= set(names):
        raise unexpected(path, stage, f"columns {', '.join(names) or 'none'} instead of {', '.join(columns)}")
    for number, row in enumerate(rows, start=1):
        if any(row[column] is None for column in columns):
            raise unexpected(path, stage, f"a row that is cut short (row {number})")
    return rows


def missing(path: Path, stage: str) -> DataError:
    """The error for a file that is not there."""
    return DataError(f"{path} is missing; run: dvc repro {stage}")


def unexpected(path: Path, stage: str, problem: str) -> DataError:
    """The error for a file that holds something else than its stage writes."""
    line = " ".join(problem.split())[:120]
    return DataError(
        f"{path}: expected what stage {stage} writes, found {line}; run: dvc repro --force {stage}"
    )
