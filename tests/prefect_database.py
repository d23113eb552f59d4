"""An empty Prefect database, created once per test run and copied: migrations take four seconds."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

_CREATE = """
import asyncio
import flows
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""


def copy_empty_prefect_database(folder: Path, factory: pytest.TempPathFactory) -> None:
    """Copy the empty database to where a server that starts in `folder` expects its own."""
    folder_of_process = factory.getbasetemp()
    # pytest-xdist gives each process a folder in one that all of them share.
    shared = folder_of_process.parent if "PYTEST_XDIST_WORKER" in os.environ else folder_of_process
    created = shared / "prefect/prefect.db"
    with (shared / "prefect.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not created.exists():
            environment = os.environ | {"PREFECT_HOME": str(created.parent)}
            subprocess.run([sys.executable, "-c", _CREATE], env=environment, check=True)
    (folder / ".prefect").mkdir()
    with (
        closing(sqlite3.connect(created)) as source,
        closing(sqlite3.connect(folder / ".prefect/prefect.db")) as target,
    ):
        source.backup(target)
