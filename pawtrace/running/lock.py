"""Locks that allow one run at a time, because two would write to the same places.

Each stage has a lock, and the project has one. Every run of DVC here holds the project's lock: a scheduled
run, `make repro` or a stage that was started by hand. The kernel releases a lock when its holder ends,
even if the holder is killed.
"""

import contextlib
import fcntl
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import IO

from pawtrace.base.errors import PawtraceError
from pawtrace.config.paths import WORK
from pawtrace.running.processes import is_ancestor

_LOCKS = WORK / "locks"
_PROJECT = "project"
_POLL_S = 0.5
Say = Callable[[str], object]


class ProjectBusyError(PawtraceError):
    """Another run holds the project."""


@contextlib.contextmanager
def only_one(name: str) -> Iterator[None]:
    """Hold the lock of a stage.

    Raises:
      PawtraceError: another process holds it.
    """
    with _opened(name) as file:
        if not _taken(file):
            holder = _content(file)
            raise PawtraceError(
                f"{name} is already running (process {holder}); wait for it, or stop that process"
            )
        _write(file, str(os.getpid()))
        yield


@contextlib.contextmanager
def project_held(*, wait: bool, say: Say = print, name: str | None = None) -> Iterator[IO[str]]:
    """Hold the project's lock, also for the processes that this process starts.

    Args:
      wait: whether to wait for another run to end.
      say: gets a line about the run that this one waits for.
      name: the name of this run in messages of other runs; default: its command.
    Returns:
      The open lock file: a process that inherits its descriptor holds the lock, too.
    Raises:
      ProjectBusyError: another run holds the lock, and this run does not wait.
    """
    with _opened(_PROJECT) as file:
        told = ""
        while not _taken(file):
            holder = _holder(file)
            if not wait:
                raise ProjectBusyError(
                    f"another run is working in this project: {holder}; wait for it, or stop it"
                )
            if holder != told:
                say(f"waiting for another run to end: {holder}")
            told = holder
            time.sleep(_POLL_S)
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        name = name or " ".join(shlex.join(sys.orig_argv).split())[:200]
        _write(file, json.dumps({"pid": os.getpid(), "name": name, "since": since}))
        _wait_for_stages(say)
        try:
            yield file
        finally:
            _write(file, "")


@contextlib.contextmanager
def project_held_by_us() -> Iterator[None]:
    """Hold the project's lock, unless a parent of this process holds it already.

    Raises:
      ProjectBusyError: another run holds the lock.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(project_held(wait=False))
        except ProjectBusyError:
            with _opened(_PROJECT) as file:
                pid = _holding(file).get("pid")
            if not (isinstance(pid, int) and is_ancestor(pid)):
                raise
        yield


def run_in_progress() -> str | None:
    """The run that holds the project's lock, in words; None if none does. Writes nothing."""
    path = _LOCKS / _PROJECT
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        return None if _taken(file) else _holder(file)


def _wait_for_stages(say: Say) -> None:
    """Wait for a stage whose DVC was killed: it ends within seconds, and must not write during this run."""
    for path in sorted(_LOCKS.iterdir()):
        if path.name == _PROJECT:
            continue
        with _opened(path.name) as file:
            if not _taken(file):
                say(f"waiting for {path.name}, left from an interrupted run (process {_content(file)})")
                fcntl.flock(file, fcntl.LOCK_EX)


def _opened(name: str) -> IO[str]:
    _LOCKS.mkdir(parents=True, exist_ok=True)
    return (_LOCKS / name).open("a+", encoding="utf-8")


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _content(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip()


def _holding(file: IO[str]) -> dict[str, object]:
    try:
        content = json.loads(_content(file))
    except json.JSONDecodeError:  # it has only just got the lock
        return {}
    return content if isinstance(content, dict) else {}


def _holder(file: IO[str]) -> str:
    holding = _holding(file)
    if not holding:
        return "a process that has just started"
    return f"process {holding['pid']} ({holding['name']}), since {holding['since']}"


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
