"""Start a Prefect server and a worker on this machine, and deploy prefect.yaml and automations.yaml.

Arrives: prefect.yaml, automations.yaml, DATABASE and PORT from the environment (make serve).
Leaves: a server at 127.0.0.1 with its database in .prefect/, or where DATABASE says; a worker.
Run: python -m flows.serve start | stop   (make serve, make serve-stop)
"""

import os
import re
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import PREFECT_HOME, daemons
from flows.deployments import next_start, schedules
from flows.gpu import GPU
from flows.notifications import update_automations
from flows.server_answers import answers
from flows.stale_runs import crash_ended_runs, crash_silent_runs
from pawtrace.base.errors import DeviceError, ParamsError, in_one_line
from pawtrace.base.files import write_text
from pawtrace.running.entry_point import errors_in_one_line

POOL = "pawtrace"
_HOST = "127.0.0.1"
_URL = PREFECT_HOME / "serve" / "url"
_SERVER, _WORKER = "server", "worker"
_START_UP_S = 120
_LATE_S = 120  # a machine may be busy
WORKER_ENVIRONMENT = {"PREFECT_WORKER_QUERY_SECONDS": "1"}  # it looks that often for runs that are due
_POLL_S = 0.2
_LAST_WORDS = 40  # of what Prefect prints: the error is at the end
_PORTS = range(1, 65536)


def start(port: int, database: str | None) -> None:
    """Start what is not running yet, and update the deployments.

    Raises:
      DeviceError: the port is taken, or the server or the worker does not start.
      ParamsError: prefect.yaml or automations.yaml is wrong.
    """
    crons = schedules()
    url = f"http://{_HOST}:{port}/api"
    if not daemons.is_running(_SERVER):
        _check_port(port)
        write_text(_URL, url)  # first: whatever is killed from here on, `stop` knows where the server is
        _start_server(port, database)
    elif (running := _url()) != url:
        raise DeviceError(
            f"PORT={port}: expected no running server of this project, found {running}; "
            f"to use that one, run: make serve PORT={urlsplit(running).port}"
        )
    _wait_for_server(url, port)
    os.environ["PREFECT_API_URL"] = url  # of what is started from here on
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        _create_pool(client)
        _create_gpu(client)
        crash_ended_runs("make serve", no_worker=not daemons.is_running(_WORKER))
        crash_silent_runs(client)
        _deploy()
        starts = {name: next_start(client, name) for name, expressions in crons.items() if expressions}
        told = update_automations(client)
    if not daemons.is_running(_WORKER):
        words = ["prefect", "worker", "start", "--pool", POOL, "--type", "process"]
        daemons.start(_WORKER, words, WORKER_ENVIRONMENT)
    for name, expressions in crons.items():
        print(f"{name}: {', '.join(expressions) or 'on demand'}{_next_run(name, starts)}")
    print(told)
    print(f"Prefect's UI: http://{_HOST}:{port}; to stop everything, run: make serve-stop")


def _next_run(name: str, starts: dict[str, datetime | None]) -> str:
    if name not in starts:
        return ""
    if (start := starts[name]) is not None:
        return f", next at {start:%Y-%m-%d %H:%M} UTC"
    return (
        ": Prefect has planned NO run. Prefect plans 100 days ahead; if the next run is due earlier, "
        "check that the installed packages are those of requirements.lock"
    )


def stop() -> None:
    """End worker, flow runs and server."""
    ended = daemons.stop([_WORKER, _SERVER], before_the_last=_crash_broken_off_runs)
    print(f"{ended} processes ended" if ended else "nothing was running")


def _crash_broken_off_runs() -> None:
    url = _url()
    if url is None or not answers(url):
        return  # the next start does it
    try:
        with temporary_settings({PREFECT_API_URL: url}):
            crash_ended_runs("make serve-stop", no_worker=True)
    except (httpx.HTTPError, RuntimeError) as error:  # the server is to end all the same
        print(f"interrupted runs stay marked as running until the next `make serve`: {error}")


def _url() -> str | None:
    """The URL of the server that was started last."""
    return _URL.read_text(encoding="utf-8") if _URL.exists() else None


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            left = daemons.num_living()  # of a start that was killed before it had noted what it started
            another = port + 1 if 1024 <= port < _PORTS[-1] else 4200
            raise DeviceError(
                f"port {port}: expected a free port, found: {error.strerror}; run: make serve"
                + ("-stop" if left else f" PORT={another}")
            ) from None


def _start_server(port: int, database: str | None) -> None:
    environment = {
        "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": str(_LATE_S),
        "PREFECT_SERVER_UI_API_URL": f"http://{_HOST}:{port}/api",  # else its pages ask port 4200
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    if database:  # not as an argument: it may hold a password, and `ps` shows arguments
        environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    module = ["prefect", "server", "start", "--host", _HOST, "--port", str(port)]
    daemons.start(_SERVER, module, environment)


def _wait_for_server(url: str, port: int) -> None:
    until = time.monotonic() + _START_UP_S
    while not answers(url):
        if not daemons.is_running(_SERVER) or time.monotonic() > until:
            daemons.stop([_WORKER, _SERVER])
            log = daemons.log_of(_SERVER)
            found = _last_error(log)
            raise DeviceError(
                f"Prefect's server: expected an answer on port {port}, found: {found}; see {log}"
            )
        time.sleep(_POLL_S)


def _last_error(log: Path) -> str:
    """The last line that names an error, without what a database's address may hold."""
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    said = (named or lines or ["no output"])[-1]
    return in_one_line(re.sub(r"//[^/\s]*@", "//", said))


def _create_pool(client: SyncPrefectClient) -> None:
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))


def _create_gpu(client: SyncPrefectClient) -> None:
    try:
        client.read_global_concurrency_limit_by_name(GPU)
    except ObjectNotFound:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=GPU, limit=1))


def _deploy() -> None:
    deployed = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        capture_output=True,
        text=True,
        check=False,
    )
    if deployed.returncode != 0:
        said = " ".join((deployed.stderr or deployed.stdout).split()[-_LAST_WORDS:])
        raise ParamsError(f"prefect.yaml: expected deployments that Prefect accepts, found: {said}")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) in _PORTS):
        raise ParamsError(
            f"PORT: expected a number from {_PORTS[0]} to {_PORTS[-1]}, found {text!r:.40}; "
            "run: make serve PORT=4200"
        )
    return int(text)


def main() -> None:
    """Read what to do from the command line."""
    match sys.argv[1:]:
        case ["start"]:
            start(_port(os.environ.get("PORT") or "4200"), os.environ.get("DATABASE") or None)
        case ["stop"]:
            stop()
        case _:
            raise ParamsError("expected start or stop; run: make serve, or make serve-stop")


if __name__ == "__main__":
    with errors_in_one_line("serve", again="make serve"):
        main()
