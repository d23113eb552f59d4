"""The stage `download` as its tests run it, and what it left in data/raw."""

import contextlib
import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from pawtrace.running.entry_point import run_stage
from stages import download

RAW = Path("data/raw")
SetData = Callable[..., None]


def failure() -> str:
    """The line with which the stage fails."""
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr), pytest.raises(SystemExit) as stop:
        run_stage(download.main, "download")
    assert stop.value.code == 1
    message = stderr.getvalue().rstrip("\n")
    assert message.startswith("pawtrace download: ")
    assert "\n" not in message
    return message


def rejected() -> list[dict[str, str]]:
    with (RAW / "rejected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
