"""Processes: a name that no other one gets, and how one ends: with whoever started it, or at Ctrl-C."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import psutil

from pawtrace.base.errors import PawtraceError

_SHELLS = {"sh", "bash", "dash", "zsh", "fish", "ksh"}
_POLL_S = 0.5
_GRACE_S = 10  # to put away what is unfinished and to report; then the process ends as it is
_interrupted = threading.Event()


def identity(pid: int) -> str | None:
    """Name a living process: host, boot, number and start, the latter by a clock that nobody can set.

    Returns:
      None where it has ended, also where it only waits to be collected.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *fields = stat.rpartition(")")[2].split()
        start, boot = fields[18], Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8")[:8]
    except OSError:
        if Path("/proc/self/stat").exists() or not psutil.pid_exists(pid):
            return None
        process = psutil.Process(pid)
        state, start, boot = process.status(), str(process.create_time()), str(psutil.boot_time())
    return None if state in ("Z", psutil.STATUS_ZOMBIE) else f"{socket.gethostname()}/{boot}/{pid}/{start}"


def has_ended(name: str) -> bool:
    """Whether the process of that identity has ended; False for one of another machine: who knows."""
    host, _, pid, _ = name.split("/")
    return host == socket.gethostname() and identity(int(pid)) != name


def is_ancestor(pid: int) -> bool:
    """Whether a process is this one or has started it, over however many others."""
    return pid == os.getpid() or any(parent.pid == pid for parent in psutil.Process().parents())


def end_with_dvc() -> None:
    """In a stage that DVC started: end when that DVC does, so that nothing writes on behind its back.

    A stage that was started by hand goes on when its shell ends: whoever wrote `nohup` meant it.

    Raises:
      PawtraceError: it has ended already.
    """
    if "DVC_STAGE" not in os.environ:
        return
    started_by = []
    for parent in psutil.Process().parents():
        started_by.append(parent)
        if parent.name() not in _SHELLS:
            break
    words = started_by[-1].cmdline() if started_by else []
    if not any("python" in word or "dvc" in word for word in words):  # init, or what takes its place
        raise PawtraceError("the dvc that started it has ended; nothing was done; run: dvc repro")
    end_with(*(parent.pid for parent in started_by))


def end_with(*pids: int, how: signal.Signals = signal.SIGINT) -> None:
    """From now on, end this process when one of those has ended."""
    names = {pid: identity(pid) for pid in pids}
    threading.Thread(target=_watch, args=(names, how), daemon=True).start()


def end_within(grace_s: float) -> None:
    """End this process in that time, unless it has ended by itself: who was told to end must not hang."""
    threading.Thread(target=_end_after, args=(grace_s,), daemon=True).start()


@contextlib.contextmanager
def interrupts_kept() -> Iterator[None]:
    """Remember Ctrl-C for `stop_if_interrupted`, besides raising KeyboardInterrupt as ever.

    A signal that whoever started this process told it to ignore stays ignored.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _keep_and_raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _interrupted.clear()


def stop_if_interrupted() -> None:
    """After code that may have swallowed it, raise the interrupt of `interrupts_kept` again.

    Raises:
      KeyboardInterrupt: Ctrl-C was pressed.
    """
    if _interrupted.is_set():
        raise KeyboardInterrupt


def _keep_and_raise(number: int, frame: FrameType | None) -> None:
    _interrupted.set()
    signal.default_int_handler(number, frame)


def _end_after(grace_s: float) -> None:
    time.sleep(grace_s)
    os._exit(1)


def _watch(names: dict[int, str | None], how: signal.Signals) -> None:
    while all(name is not None and identity(pid) == name for pid, name in names.items()):
        time.sleep(_POLL_S)
    with contextlib.suppress(OSError):
        print("the process that started this one has ended: ending too", file=sys.stderr, flush=True)
    os.kill(os.getpid(), how)
    _end_after(_GRACE_S)
