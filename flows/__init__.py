"""The orchestration: the only place that imports Prefect.

Prefect reads its settings when it is imported, and this package is imported before it.
"""

import contextlib
import io
import logging
import os
import sys
import warnings
from pathlib import Path

from pawtrace.base.errors import in_one_line
from pawtrace.running.importing import end_at_ctrl_c

# Workers are copies of a process that has imported the flow already; Python then warns of a second import.
warnings.filterwarnings("ignore", message=r"'flows\.\w+' found in sys\.modules", category=RuntimeWarning)

PREFECT_HOME = Path(".prefect").resolve()
HEARTBEAT_S = 30

os.environ.setdefault("PREFECT_HOME", str(PREFECT_HOME))
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")  # DO_NOT_TRACK alone is not enough
# In files: a slot whose holder was killed is free again also after the server was started anew.
os.environ.setdefault(
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "prefect.server.concurrency.lease_storage.filesystem"
)
os.environ.setdefault("DO_NOT_TRACK", "1")
# Errors reach the console once, through the entry point; the server's log has all of it.
os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
# Prefect's shortest: a run whose process was killed is noticed within minutes (flows/stale_runs.py).
os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", str(HEARTBEAT_S))


def _check_settings() -> None:
    """Have Prefect read its settings, so that a wrong one is one line."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # Prefect says it twice
            import prefect.context  # noqa: F401
    except ValueError as error:
        said = in_one_line(str(error).partition("For further")[0], 300)
        sys.exit(f"pawtrace: a PREFECT_... variable, or {PREFECT_HOME}/profiles.toml, is wrong: {said}")


if sys.argv[0] == "-m":  # `python -m flows.<name>`, which still imports
    end_at_ctrl_c()
    logging.raiseExceptions = False  # a log that the server does not take is no error of the run
    _check_settings()
