"""The first seconds of a process, in which it imports: Ctrl-C ends it at once, in one line.

A KeyboardInterrupt would be the traceback of a library, or be swallowed by it. This module itself
imports next to nothing, so that it is there early.
"""

import contextlib
import gc
import os
import signal
from collections.abc import Iterator
from types import FrameType

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
_STDERR = 2
_LINE = b"pawtrace: interrupted; nothing had begun\n"


def end_at_ctrl_c() -> None:
    """Let Ctrl-C end this process at once, until `raise_at_ctrl_c`; where it is ignored, it stays ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_at_ctrl_c() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, after `end_at_ctrl_c`."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def garbage_left_alone() -> Iterator[None]:
    """Look for no garbage meanwhile: while a library is imported, that takes a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    with contextlib.suppress(OSError):
        os.write(_STDERR, _LINE)
    os._exit(INTERRUPTED)
