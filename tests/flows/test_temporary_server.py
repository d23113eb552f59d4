"""The temporary server is there for its flow and gone after it."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from flows.temporary_server import _wait_until_healthy, prefect_server
from pawtrace.base.errors import DeviceError
from tests.conftest import ROOT
from tests.prefect_database import copy_empty_prefect_database

PARENT = """
import time
from flows.temporary_server import prefect_server
with prefect_server() as url:
    print(url, flush=True)
    time.sleep(600)
"""

KILLED_AT_ONCE = """
import os, signal, subprocess
from flows.temporary_server import prefect_server
popen = subprocess.Popen
def popen_and_die(*words, **options):
    print(popen(*words, **options).pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
subprocess.Popen = popen_and_die
with prefect_server():
    pass
"""


def environment_of(project: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    return environment | {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(project / ".prefect")}


def servers() -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "flows.temporary_server" in (process.info["cmdline"] or [])
    ]


@pytest.mark.slow
def test_no_server_outlives_a_flow_that_is_killed_while_it_starts(project: Path) -> None:
    parent = subprocess.run(
        [sys.executable, "-c", KILLED_AT_ONCE],
        cwd=project,
        env=environment_of(project),
        capture_output=True,
        text=True,
        check=False,
    )
    assert parent.returncode == -signal.SIGKILL
    server = int(parent.stdout)
    deadline = time.monotonic() + 60
    while psutil.pid_exists(server) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not psutil.pid_exists(server)


def test_a_server_that_is_named_is_used_and_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    before = servers()
    with prefect_server() as url:
        assert url == "http://127.0.0.1:1/api"
        assert servers() == before


@pytest.mark.parametrize(("free", "said"), [(0, "No space left on device"), (10**9, "ended")])
def test_a_server_that_cannot_start_on_a_full_disk_says_that_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, said: str
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
    log = tmp_path / "server.log"
    log.touch()
    with subprocess.Popen([sys.executable, "-c", ""]) as server:
        server.wait()
        with pytest.raises((DeviceError, OSError), match=said):
            _wait_until_healthy(server, "http://127.0.0.1:1/api", log)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_no_server_outlives_its_flow(
    project: Path, tmp_path_factory: pytest.TempPathFactory, how: signal.Signals
) -> None:
    if how == signal.SIGKILL:  # the other one is the first server in its project
        copy_empty_prefect_database(project, tmp_path_factory)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=project,
        env=environment_of(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        url = parent.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/health", timeout=30) as answer:
            assert answer.status == 200
        children = psutil.Process(parent.pid).children(recursive=True)
        assert children
        parent.send_signal(how)
        parent.wait(60)
    deadline = time.monotonic() + 30
    while any(child.is_running() for child in children) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [child for child in children if child.is_running()]
