"""Print a line on the console, and in the log of the flow run if there is one."""

import contextlib

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger


def say(line: str) -> None:
    """Print a line."""
    with contextlib.suppress(OSError):  # the console is closed; the log is still there
        print(line, flush=True)
    with contextlib.suppress(MissingContextError):
        get_run_logger().info(line)
