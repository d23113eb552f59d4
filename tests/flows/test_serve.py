"""make serve and make serve-stop: wrong ports, and a start that was killed halfway."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from flows import daemons, serve
from pawtrace.base.errors import DeviceError, ParamsError
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def home(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = project / ".prefect"
    monkeypatch.setattr(daemons, "PREFECT_HOME", home)
    monkeypatch.setattr(serve, "_URL", home / "serve/url")
    return home


@pytest.fixture
def killed_before_it_noted_the_server(project: Path) -> Iterator[psutil.Process]:
    """A server that was started, and neither its number nor its URL is in a file."""
    with subprocess.Popen(["sleep", "600"], env=os.environ | {daemons._MARK: str(project)}) as server:
        process = psutil.Process(server.pid)
        while daemons._MARK not in process.environ():  # empty until the kernel has loaded the program
            time.sleep(0.01)
        yield process
        server.kill()


@pytest.mark.parametrize("port", ["99999", "65536", "0", "-1", "4200.5", "a", "²", "1" * 5000])
def test_what_is_no_port_is_one_line(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    monkeypatch.setattr(sys, "argv", ["serve", "start"])
    with pytest.raises(ParamsError, match="^PORT: .*1 to 65535.*run: make serve PORT=4200$") as error:
        serve.main()
    assert len(str(error.value)) < 200


def test_a_port_that_is_taken_is_told_with_another_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DeviceError, match=f"^port {port}: .*run: make serve PORT=") as error:
            serve._check_port(port)
    assert int(str(error.value).rpartition("=")[2]) in serve._PORTS


@pytest.mark.usefixtures("killed_before_it_noted_the_server")
def test_a_port_that_our_own_lost_server_has_is_freed_by_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DeviceError, match=f"^port {port}: .*run: make serve-stop$"):
            serve._check_port(port)


def test_stop_ends_a_server_whose_start_was_killed(
    killed_before_it_noted_the_server: psutil.Process, capsys: pytest.CaptureFixture[str]
) -> None:
    serve.stop()
    assert not daemons.num_living()
    assert killed_before_it_noted_the_server.status() == psutil.STATUS_ZOMBIE
    assert "1 processes ended" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "\n"])
def test_a_file_without_a_process_names_none(home: Path, content: str) -> None:
    (home / "serve").mkdir(parents=True)
    (home / "serve/server.pid").write_text(content)
    assert not daemons.is_running("server")
    serve.stop()


def test_the_worker_looks_for_runs_at_least_every_second() -> None:
    code = "from prefect.settings import get_current_settings as s; print(s().worker.query_seconds)"
    environment = os.environ | serve.WORKER_ENVIRONMENT
    words = [sys.executable, "-c", code]
    assert float(subprocess.run(words, env=environment, capture_output=True, check=True).stdout) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"), [("PREFECT_CLIENT_MAX_RETRIES", "abc"), ("PREFECT_API_URL", "http://[::1")]
)
def test_a_wrong_setting_of_prefects_is_one_line(name: str, value: str) -> None:
    words = [sys.executable, "-m", "flows.serve", "stop"]
    environment = os.environ | {name: value, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("pawtrace: a PREFECT_... variable")
