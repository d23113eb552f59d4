"""The metrics of each epoch: history.csv, and DVCLive's files for watching a training."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvclive import Live

from pawtrace.base.files import csv_text, write_text

Row = dict[str, Any]
# Names for DVCLive's plots, which group what stands before the slash.
_LIVE_NAMES = {
    "loss": "train/loss",
    "accuracy": "train/accuracy",
    "val_loss": "validation/loss",
    "val_accuracy": "validation/accuracy",
}


@contextmanager
def live_history(folder: Path, rows: Sequence[Row]) -> Iterator[Live]:
    """Open DVCLive's log; for a resumed run, it already has the earlier epochs."""
    live = Live(str(folder), save_dvc_exp=False, dvcyaml=None, report=None)
    if live._dvc_repo is not None:
        live._dvc_repo.close()  # DVCLive leaves the git repository's files open
    for row in rows:
        log_epoch(live, row)
    try:
        yield live
    finally:
        live.end()


def log_epoch(live: Live, row: Row) -> None:
    """Add an epoch to DVCLive's log."""
    for name, shown in _LIVE_NAMES.items():
        live.log_metric(shown, row[name])
    live.next_step()


def write_history(path: Path, rows: Sequence[Row]) -> None:
    """Write history.csv: a line an epoch."""
    columns = list(rows[0])
    write_text(path, csv_text(columns, ([row[column] for column in columns] for row in rows)))
