"""What a flow prints of what its stages print, and what it leaves in Prefect's log."""

import logging

import pytest
from prefect.exceptions import FailedRun

from flows.say import say
from pawtrace.base.errors import DataError

STARTUP = "I0000 00:00:1795824458.873797    1752 cudart_stub.cc:31] Could not find cuda drivers"
OUT_OF_MEMORY = "W0000 00:00:1795824458.873797    1752 bfc_allocator.cc:497] Allocator (GPU_0_bfc) ran out of"


def test_what_tensorflow_writes_as_it_starts_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    say(STARTUP)
    for line in ("epoch 1 of 4", OUT_OF_MEMORY):
        say(line)
    assert capsys.readouterr().out.splitlines() == ["epoch 1 of 4", OUT_OF_MEMORY]


def test_v_brings_it_back(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAWTRACE_VERBOSE", "1")
    say(STARTUP)
    assert capsys.readouterr().out.splitlines() == [STARTUP]


@pytest.mark.parametrize("name", ["prefect.flow_runs", "prefect.task_runs", "prefect.engine"])
@pytest.mark.parametrize(
    ("error", "has_traceback"),
    [(DataError("one line"), False), (FailedRun("one line"), False), (KeyError("one line"), True)],
)
def test_prefects_log_has_a_traceback_only_of_what_no_line_explains(
    name: str,
    error: Exception,
    has_traceback: bool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logger = logging.getLogger(name)
    monkeypatch.setattr(logger, "handlers", [caplog.handler])  # Prefect's own ask for a flow run
    try:
        raise error
    except Exception:
        logger.exception("Task run failed")
    assert ("Traceback" in caplog.text) == has_traceback
    assert "Task run failed" in caplog.text
    assert "one line" in caplog.text


def test_the_reason_is_not_said_twice(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("prefect.task_runs")
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    try:
        raise DataError("one line")
    except DataError as error:
        logger.exception(f"Task run failed: {error!r}")
    assert caplog.records[0].getMessage().count("one line") == 1
