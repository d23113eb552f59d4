"""The history of a training: CSVLogger's file, DVCLive's folder, or a JSON of `History.history`."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pawtrace.base.errors import DataError
from pawtrace.results.results import History

# Of each curve, the names that Keras and DVCLive give it; the first one that is there counts.
_NAMES = {
    "loss": ("loss", "train/loss"),
    "accuracy": ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
                 "train/accuracy", "train/acc"),
    "val_loss": ("val_loss", "eval/loss", "validation/loss", "val/loss"),
    "val_accuracy": (
                     "val_accuracy", "val_acc", "val_binary_accuracy", "val_categorical_accuracy",
                     "val_sparse_categorical_accuracy",
                     "eval/accuracy", "validation/accuracy", "val/accuracy"),
}  # fmt: skip


def read_history(source: Any) -> History:
    """Read a history.

    Args:
      source: a path; or what `fit` returns, or its `history`: a list of numbers for each metric.
    Returns:
      Its epochs from 1; a curve that is missing is that of training.
    Raises:
      DataError: there is no loss in it; says what was found.
    """
    columns = getattr(source, "history", source)
    where = str(source) if isinstance(source, str | Path) else "history"
    if isinstance(columns, str | Path):
        columns = _read(Path(columns))
    return history_of(columns, where)


def history_of(columns: Mapping[str, Sequence[float]], where: str) -> History:
    """The history in columns by metric.

    Raises:
      DataError: see `read_history`.
    """
    curves = {name: _curve(columns, names) for name, names in _NAMES.items()}
    if not curves["loss"]:
        found = ", ".join(columns) or "nothing"
        raise DataError(f"{where}: expected a column loss with an epoch in it, found {found}")
    num_epochs = len(curves["loss"])
    accuracy = curves["accuracy"] or (math.nan,) * num_epochs
    return History(
        epoch=tuple(range(1, num_epochs + 1)),
        phase=(0,) * num_epochs,
        loss=curves["loss"],
        accuracy=accuracy,
        val_loss=curves["val_loss"] or curves["loss"],
        val_accuracy=curves["val_accuracy"] or accuracy,
    )


def _curve(columns: Mapping[str, Sequence[float]], names: tuple[str, ...]) -> tuple[float, ...]:
    found = next((columns[name] for name in names if name in columns), ())
    return tuple(float(value) for value in found)


def _read(path: Path) -> dict[str, list[float]]:
    if path.is_dir():  # DVCLive's
        return {name: values for file in sorted(path.rglob("*.tsv"))
                for name, values in _dvclive_metric(file, path).items()}  # fmt: skip
    try:
        text = path.read_text(encoding="utf-8")
        if text.lstrip().startswith("{"):
            return {str(name): [float(value) for value in values] for name, values in json.loads(text).items()
                    if isinstance(values, list)}  # fmt: skip
        rows = list(csv.DictReader(text.splitlines(), delimiter="\t" if "\t" in text else ","))
        names = list(rows[0]) if rows else []
        return {name: [float(row[name]) for row in rows] for name in names}
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing; expected a CSV of CSVLogger or a JSON of History.history"
        ) from None
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise DataError(
            f"{path}: expected a CSV of CSVLogger or a JSON of History.history, "
            f"found something else ({error!s:.100})"
        ) from None


def _dvclive_metric(file: Path, folder: Path) -> dict[str, list[float]]:
    name = (
        file.relative_to(folder)
        .with_suffix("")
        .as_posix()
        .removeprefix("plots/metrics/")
        .removeprefix("metrics/")
    )
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    column = file.stem if rows and file.stem in rows[0] else name
    return {name: [float(row[column]) for row in rows if column in row]}
