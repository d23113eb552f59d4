"""Processes: unique names for them, and how a process ends with its parent or at Ctrl-C."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import psutil

from pawtrace.base.errors import PawtraceError

_SHELLS = {"sh", "bash", "dash", "zsh", "fish", "ksh"}
_CLOCK_S = 60  # whoever sets the clock moves the time of boot too; two boots are further apart
_POLL_S = 0.5
_GRACE_S = 10  # to put away what is unfinished and to report; then the process ends as it is
_AGAIN_S = 0.05  # by then what was cleaned up is gone
_interrupted = threading.Event()


def identity(pid: int) -> str | None:
    """Name a living process: host, time of boot (s), number, time from boot to its start (0.01 s).

    Returns:
      None where the process has ended, also where it only waits to be collected.
    """
    try:
        process, boot = psutil.Process(pid), psutil.boot_time()
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        start = process.create_time() - boot
    except psutil.NoSuchProcess:
        return None
    return f"{socket.gethostname()}/{boot:.0f}/{pid}/{100 * start:.0f}"


def has_ended(name: str) -> bool:
    """Whether the process of that identity has ended; False for one of another machine: unknown."""
    host, boot, pid, start = name.split("/")
    if host != socket.gethostname():
        return False
    if (living := identity(int(pid))) is None or not boot.isdigit():  # named by an earlier version
        return True
    _, boot_now, _, start_now = living.split("/")
    return start != start_now or abs(int(boot) - int(boot_now)) > _CLOCK_S


def is_ancestor(pid: int) -> bool:
    """Whether a process is this one or has started it, over however many others."""
    return pid == os.getpid() or any(parent.pid == pid for parent in psutil.Process().parents())


def end_with_dvc() -> None:
    """In a stage that DVC started: end when that DVC does, so that nothing writes on behind its back.

    A stage that was started by hand continues when its shell ends, as intended with `nohup`.

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
        raise PawtraceError(
            "the DVC process that started this stage has ended; nothing was done; run: dvc repro"
        )
    end_with(*(parent.pid for parent in started_by))


def end_with(*pids: int, how: signal.Signals = signal.SIGINT) -> None:
    """From now on, end this process when one of those has ended."""
    names = [identity(pid) for pid in pids]
    threading.Thread(target=_watch, args=(names, how), daemon=True).start()


def end_within(grace_s: float, code: int = 1) -> None:
    """End this process in that time with that exit code, unless it has ended by itself before."""
    threading.Thread(target=_end_after, args=(grace_s, code), daemon=True).start()


@contextlib.contextmanager
def interrupts_kept() -> Iterator[None]:
    """Remember Ctrl-C for `stop_if_interrupted`, besides raising KeyboardInterrupt as ever.

    A signal that whoever started this process told it to ignore stays ignored.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _keep_and_raise)
    report, sys.unraisablehook = sys.unraisablehook, _press_again(sys.unraisablehook)
    try:
        yield
    finally:
        sys.unraisablehook = report
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _interrupted.clear()


def stop_if_interrupted() -> None:
    """After code that may have swallowed it, raise the interrupt of `interrupts_kept` again.

    Raises:
      KeyboardInterrupt: Ctrl-C was pressed.
    """
    if _interrupted.is_set():
        raise KeyboardInterrupt


def was_interrupted() -> bool:
    """Whether Ctrl-C was pressed within `interrupts_kept`."""
    return _interrupted.is_set()


def _keep_and_raise(number: int, frame: FrameType | None) -> None:
    _interrupted.set()
    signal.default_int_handler(number, frame)


def _press_again(report: Callable[["sys.UnraisableHookArgs"], object]) -> Callable[..., None]:
    """A hook for Ctrl-C while Python cleans an object up, where it can only be ignored: once more, then."""

    def hook(unraisable: "sys.UnraisableHookArgs") -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            threading.Timer(_AGAIN_S, _press_in_main_thread).start()
        else:
            report(unraisable)

    return hook


def _press_in_main_thread() -> None:
    """Ctrl-C that also ends a system call in which the main thread waits."""
    ident = threading.main_thread().ident
    assert ident is not None  # it has been started
    signal.pthread_kill(ident, signal.SIGINT)


def _end_after(grace_s: float, code: int = 1) -> None:
    time.sleep(grace_s)
    os._exit(code)


def _watch(names: list[str | None], how: signal.Signals) -> None:
    while not any(name is None or has_ended(name) for name in names):
        time.sleep(_POLL_S)
    with contextlib.suppress(OSError):
        print("the process that started this one has ended: ending too", file=sys.stderr, flush=True)
    os.kill(os.getpid(), how)
    _end_after(_GRACE_S)
