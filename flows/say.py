"""A line for whoever looks: on the console, and in the log of the flow run where there is one."""

import contextlib

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger


def say(line: str) -> None:
    """Say a line."""
    with contextlib.suppress(OSError):  # who read the console has gone; the log is still there
        print(line, flush=True)
    with contextlib.suppress(MissingContextError):
        get_run_logger().info(line)
