"""Processes in the background; a file names each of them, and all that they start carry the same mark.

The mark is an environment variable with the project's folder. With it, `stop` also finds a flow run whose
worker was killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from flows import PREFECT_HOME
from pawtrace.base.files import write_text
from pawtrace.running.processes import has_ended, identity

_MARK = "PAWTRACE_SERVED"
_END_S = 20
_POLL_S = 0.2


def is_running(name: str) -> bool:
    """Whether the process of that name is running."""
    return (named := _identity(name)) is not None and not has_ended(named)


def num_living() -> int:
    """How many processes are running that were started here, including those that they started."""
    return len(_marked())


def log_of(name: str) -> Path:
    """The file with the output of the process of that name."""
    return PREFECT_HOME / "serve" / f"{name}.log"


def start(name: str, module: list[str], environment: dict[str, str]) -> None:
    """Start `python -m MODULE...` in its own session, so that the process outlives the terminal."""
    _file(name).parent.mkdir(parents=True, exist_ok=True)
    _file(name).unlink(missing_ok=True)  # of one that has ended
    with log_of(name).open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment, _MARK: str(Path.cwd())},
            start_new_session=True,
        )
    process.returncode = 0  # no child that anybody waits for: it outlives this process
    if named := identity(process.pid):  # it has not ended at once
        write_text(_file(name), named)


def stop(names: list[str], before_the_last: Callable[[], object] = lambda: None) -> int:
    """End the processes of those names in that order; all that they started end before the last one.

    Args:
      names: as they were started by.
      before_the_last: what to do when all but the last one have ended.
    Returns:
      How many processes were ended.
    """
    *others, last = names
    marked = _marked()
    of_last = [process for process in marked if process.pid == _pid_of(last)]
    rest = [process for process in marked if process not in of_last]
    ended = _end(rest)
    before_the_last()
    ended += [*_end(of_last), *_end(_marked())]  # the last time for what began meanwhile
    for name in [*others, last]:
        _file(name).unlink(missing_ok=True)
    return len(ended)


def _end(processes: list[psutil.Process]) -> list[psutil.Process]:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    until = time.monotonic() + _END_S
    while time.monotonic() < until and any(identity(process.pid) for process in processes):
        time.sleep(_POLL_S)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return processes


def _marked() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(_MARK) == str(Path.cwd()) and process.pid != os.getpid():
                found.append(process)
    return found


def _pid_of(name: str) -> int | None:
    named = _identity(name)
    return int(named.split("/")[2]) if named else None


def _identity(name: str) -> str | None:
    file = _file(name)
    return file.read_text(encoding="utf-8").strip() or None if file.exists() else None


def _file(name: str) -> Path:
    return PREFECT_HOME / "serve" / f"{name}.pid"
