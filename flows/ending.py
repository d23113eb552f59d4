"""A process that reports to Prefect ends in time, even if Prefect's server has died.

Without a server, Prefect retries for minutes to send states, events and logs, and Python waits for that when
it ends. So a process that has written its results, or that was told to end, gets some seconds for its report.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import cast

from pawtrace.running.importing import INTERRUPTED
from pawtrace.running.processes import end_within, was_interrupted

_REPORT_S = 15
_POLL_S = 0.2
_in_place = threading.Event()


def note_results_in_place() -> None:
    """Note that all results are written, so that the process only has to report."""
    _in_place.set()


def results_are_in_place() -> bool:
    """Whether `note_results_in_place` was called."""
    return _in_place.is_set()


@contextlib.contextmanager
def ends_in_time() -> Iterator[None]:
    """Bound how long this process lives after its results are in place, after Ctrl-C and after the block.

    For an entry point alone: it ends the whole process. The exit code is the one that it would have.
    """
    threading.Thread(target=_watch, daemon=True).start()
    code = 0
    try:
        yield
    except SystemExit as ending:
        code = cast(int, ending.code or 0)
        raise
    except BaseException:
        code = 1
        raise
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        end_within(_REPORT_S, code)


def _watch() -> None:
    while not (_in_place.is_set() or was_interrupted()):
        time.sleep(_POLL_S)
    code = INTERRUPTED if was_interrupted() else 0
    time.sleep(_REPORT_S)
    if code == 0:
        os.write(1, b"Prefect's server did not accept the report of this run; the results are complete\n")
    os._exit(code)
