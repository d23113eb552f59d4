"""What a flow says, on the console and in the flow run's log; a traceback only of what no line explains."""

import contextlib
import logging
import re

from prefect.exceptions import FailedRun, MissingContextError
from prefect.logging import get_run_logger

from pawtrace.base.errors import PawtraceError
from pawtrace.running.loudness import STARTUP_LINE, is_verbose

_ABOUT_MEMORY = re.compile("memory|alloc", re.IGNORECASE)  # in the middle of a training


class _WithoutTraceback(logging.Filter):
    """Drop the traceback of an error whose message explains it completely; Prefect logs it as well.

    `FailedRun` is what Prefect raises after a flow that returned a failed state with a message.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PawtraceError | FailedRun):
            said, reason = record.getMessage(), str(record.exc_info[1])
            record.msg, record.args = said if reason in said else f"{said}: {reason}", ()
            record.exc_info = None
        return True


for _name in ("prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
    logging.getLogger(_name).addFilter(_WithoutTraceback())


def say(line: str) -> None:
    """Print a line, unless it is one of those that TensorFlow writes as it starts."""
    is_of_start = re.search(STARTUP_LINE, line) and not _ABOUT_MEMORY.search(line)
    if is_of_start and not is_verbose():
        return
    with contextlib.suppress(OSError):  # the console is closed; the log is still there
        print(line, flush=True)
    with contextlib.suppress(MissingContextError):
        get_run_logger().info(line)
