"""Print a line on the console, and in the log of the flow run if there is one."""

import contextlib
import re

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from pawtrace.running.loudness import STARTUP_LINE, is_verbose


def say(line: str) -> None:
    """Print a line, unless it is one of those that TensorFlow writes as it starts."""
    if re.search(STARTUP_LINE, line) and not is_verbose():
        return
    with contextlib.suppress(OSError):  # the console is closed; the log is still there
        print(line, flush=True)
    with contextlib.suppress(MissingContextError):
        get_run_logger().info(line)
