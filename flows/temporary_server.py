"""A Prefect server for the time of one flow, when PREFECT_API_URL names none.

The server runs in its own session, so that Ctrl-C reaches only the flow, which can still report its end.
The server watches the flow's process, and ends with it even if that process is killed.
Run: python -m flows.temporary_server PORT PARENT (by `prefect_server`, not by hand)
"""

import contextlib
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flows import PREFECT_HOME
from flows.server_answers import answers, named_server
from pawtrace.base.errors import DeviceError, in_one_line
from pawtrace.running.importing import garbage_left_alone

_START_UP_S = 120  # 10 s is usual on two cores; a slow machine needs longer
_SHUT_DOWN_S = 10
_POLL_S = 0.1
_ROOM_BYTES = 10_000_000  # its database takes half of that


@contextlib.contextmanager
def prefect_server(meanwhile: Callable[[], object] = lambda: None) -> Iterator[str]:
    """Give the URL of the API: of the server that PREFECT_API_URL names, else of a temporary one.

    Args:
      meanwhile: what to do while a temporary server starts.
    Raises:
      DeviceError: PREFECT_API_URL is no URL, or the temporary server did not start.
      OSError: the temporary server did not start, and the disk is full.
    """
    if url := named_server():
        yield url
        return
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    PREFECT_HOME.mkdir(exist_ok=True)
    log = PREFECT_HOME / f"temporary_server_{port}.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "flows.temporary_server", str(port), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        meanwhile()
        _wait_until_healthy(server, url, log)
        yield url
        log.unlink()  # nobody needs the log of a server that served well
    finally:
        _stop(server)


def check_room(folder: Path = PREFECT_HOME) -> None:
    """Require room for a server's database.

    Raises:
      OSError: the disk is full.
    """
    if folder.exists() and shutil.disk_usage(folder).free < _ROOM_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_UP_S
    while time.monotonic() < deadline and server.poll() is None:
        if answers(url):
            return
        time.sleep(_POLL_S)
    check_room(log.parent)  # first: without room, its log is cut off too
    ended = "it ended at once" if server.poll() is not None else f"it did not answer within {_START_UP_S} s"
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
    raise DeviceError(f"Prefect's temporary server did not start: {ended} ({in_one_line(last)}); see {log}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_SHUT_DOWN_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_SHUT_DOWN_S)
    os._exit(1)


def _serve(port: int, parent: int) -> None:
    # Before the slow imports: the parent may be killed while they last.
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    with garbage_left_alone():
        import uvicorn
        from prefect.server.api.server import create_app

    uvicorn.run(create_app(ephemeral=True), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
