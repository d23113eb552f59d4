"""What runs in the background is found again, and all of it ends, orphans too."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from flows import daemons

WORKER = """
import subprocess, time
print(subprocess.Popen(["sleep", "600"]).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def home(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (project / "worker_module.py").write_text(WORKER)
    (project / "server_module.py").write_text("import time; time.sleep(600)")
    monkeypatch.setattr(daemons, "PREFECT_HOME", project / ".prefect")
    return project / ".prefect"


def started(name: str) -> int:
    daemons.start(name, [f"{name}_module"], {})
    return int((daemons.PREFECT_HOME / f"serve/{name}.pid").read_text().split("/")[2])


def child_of_the_worker() -> int:
    until = time.monotonic() + 30
    while not (said := daemons.log_of("worker").read_text().split()) and time.monotonic() < until:
        time.sleep(0.05)
    return int(said[0])


def living(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_all_that_was_started_ends_also_what_a_killed_worker_left() -> None:
    server, worker = started("server"), started("worker")
    assert daemons.is_running("server")
    assert daemons.is_running("worker")
    child = child_of_the_worker()
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    assert not daemons.is_running("worker")
    assert living(child)
    assert daemons.stop(["worker", "server"]) == 2
    assert not living(child)
    assert not living(server)
    assert not daemons.is_running("server")


def test_what_another_project_runs_is_left_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = started("server")
    (project / "other").mkdir()
    monkeypatch.chdir(project / "other")
    assert daemons.stop(["worker", "nothing"]) == 0
    assert living(server)
    monkeypatch.chdir(project)
    assert daemons.stop(["worker", "server"]) == 1


def test_nothing_running_is_no_error() -> None:
    assert not daemons.is_running("server")
    assert daemons.stop(["worker", "server"]) == 0
