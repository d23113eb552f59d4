"""Print a line on the console, and in the log of the flow run if there is one."""

import contextlib
import re

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from pawtrace.running.loudness import STARTUP_LINE, is_verbose

_ABOUT_MEMORY = re.compile("memory|alloc", re.IGNORECASE)  # in the middle of a training


def say(line: str) -> None:
    """Print a line, unless it is one of those that TensorFlow writes as it starts."""
    is_of_start = re.search(STARTUP_LINE, line) and not _ABOUT_MEMORY.search(line)
    if is_of_start and not is_verbose():
        return
    with contextlib.suppress(OSError):  # the console is closed; the log is still there
        print(line, flush=True)
    with contextlib.suppress(MissingContextError):
        get_run_logger().info(line)
