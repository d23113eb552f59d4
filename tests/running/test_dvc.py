"""dvc: its lines as they come, and no dvc that outlives a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pawtrace.running.dvc import Ended, run_dvc, run_lines
from pawtrace.running.git import git
from tests.conftest import ROOT

SLOW = "import time; print('first', flush=True); time.sleep(1); print('bar 1\\rbar 2'); raise SystemExit(3)"
FLOW = """
from pawtrace.running.dvc import run_dvc
run_dvc(["repro"], lambda line: print(line, flush=True))
"""
STAGES = """
stages:
  endless:
    cmd: python stage.py
"""
STAGE = """
import os, time
from pawtrace.running.processes import end_with_dvc
end_with_dvc()
print("stage", os.getpid(), flush=True)
time.sleep(600)
"""


def test_lines_come_as_they_are_said() -> None:
    came: list[tuple[str, float]] = []
    start = time.monotonic()

    def say(line: str) -> None:
        came.append((line, time.monotonic() - start))

    ended = run_lines([sys.executable, "-c", SLOW], say)
    assert ended == Ended(3, ["first", "bar 1", "bar 2"])
    assert came[1][1] - came[0][1] > 0.8


def test_the_last_words_are_those_of_the_stage_then_of_dvc() -> None:
    lines = ["pawtrace split: data/raw is missing", "ERROR: failed to reproduce 'split'", "Use `dvc` ..."]
    assert Ended(1, lines).last_words == lines[0]
    assert Ended(1, lines[1:]).last_words == lines[1]
    assert Ended(1, lines[2:]).last_words == lines[2]
    assert Ended(1, []).last_words == "no output"
    assert Ended(1, ["--- Error logging to API ---" + lines[0], lines[1]]).last_words == lines[0]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_dvc_and_its_stage_end_with_who_started_them(
    project: Path, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    git("init", "--quiet")
    run_dvc(["init", "--quiet"], lambda _: None)
    (project / "dvc.yaml").write_text(STAGES)
    (project / "stage.py").write_text(STAGE)
    with subprocess.Popen([sys.executable, "-c", FLOW], stdout=subprocess.PIPE, text=True) as flow:
        assert flow.stdout is not None
        while not (line := flow.stdout.readline()).startswith("stage"):
            assert line, "it ended"
        started = psutil.Process(flow.pid).children(recursive=True)
        assert int(line.split()[1]) in [process.pid for process in started]
        flow.send_signal(how)
    until = time.monotonic() + 15
    while time.monotonic() < until and any(living(process) for process in started):
        time.sleep(0.1)
    assert not [process for process in started if living(process)]


def living(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
