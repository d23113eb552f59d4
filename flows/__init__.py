"""The orchestration: the only place that imports Prefect.

Prefect reads its settings when it is imported, and this package is imported before it.
"""

import os
from pathlib import Path

PREFECT_HOME = Path(".prefect").resolve()

os.environ.setdefault("PREFECT_HOME", str(PREFECT_HOME))
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")  # DO_NOT_TRACK alone is not enough
# In files: a slot whose holder was killed is free again also after the server was started anew.
os.environ.setdefault(
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "prefect.server.concurrency.lease_storage.filesystem"
)
os.environ.setdefault("DO_NOT_TRACK", "1")
# Errors reach the console once, through the entry point; the server's log has all of it.
os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
