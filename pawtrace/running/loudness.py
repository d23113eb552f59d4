"""How much is printed: with -q only errors; with -v also what libraries print, and the place of an error."""

import atexit
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_VERBOSE = "PAWTRACE_VERBOSE"  # processes that this one starts are as loud
# What TensorFlow's C++ libraries write as they start, whatever TF_CPP_MIN_LOG_LEVEL says: they have not
# read it yet. As grep -E and Python's re both understand it. Other errors of theirs (E0000) stay.
STARTUP_LINE = (
    r"^(WARNING: All log messages before absl::InitializeLog|[IW][0-9]{4} [0-9:.]+ +[0-9]+ [a-z0-9_]+\.cc:|"
    r"E[0-9]{4} [0-9:.]+ +[0-9]+ cuda_[a-z]+\.cc:.*cuInit|To enable the following instructions: |"
    r"[0-9: .-]+[IW] tensorflow/|INFO: Created TensorFlow Lite )"
)
_GRACE_S = 1.0


def choose(*, is_quiet: bool, is_verbose: bool) -> None:
    """Take what the command line says, before any library is imported that reads it."""
    if is_verbose:
        os.environ[_VERBOSE] = "1"
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "0"
    else:
        os.environ.setdefault("TQDM_DELAY", "1")  # s: no progress bar for what takes less
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its warnings of retracing
    if is_quiet:
        os.environ["TQDM_DISABLE"] = "1"


def is_verbose() -> bool:
    """Whether everything is to be printed."""
    return os.environ.get(_VERBOSE, "") not in ("", "0")


@contextlib.contextmanager
def answer_dropped() -> Iterator[None]:
    """Drop what Python prints on stdout."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def hide_startup_lines() -> None:
    """From now on, leave such lines out of what libraries write to stderr; Python's own stays as it is.

    Another process reads them: were it a thread, the last words of a crash would be lost.
    """
    if sys.__stderr__ is None:  # closed
        return
    try:
        grep = subprocess.Popen(
            ["grep", "-a", "-v", "-E", "--line-buffered", STARTUP_LINE],
            stdin=subprocess.PIPE,
            stdout=sys.__stderr__,
            start_new_session=True,  # Ctrl-C is for us
        )
    except OSError:  # no grep: the lines are harmless
        return
    assert grep.stdin is not None
    ours = os.dup(2)
    os.dup2(grep.stdin.fileno(), 2)
    grep.stdin.close()
    sys.stderr = os.fdopen(ours, "w", buffering=1, errors="backslashreplace")
    atexit.register(_end, grep, ours)


def _end(grep: "subprocess.Popen[bytes]", ours: int) -> None:
    """Let the last lines come before the shell's prompt; a process of ours that lives on may write more."""
    os.dup2(ours, 2)
    with contextlib.suppress(subprocess.TimeoutExpired):
        grep.wait(_GRACE_S)
