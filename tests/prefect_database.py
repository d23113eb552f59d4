"""Prefect's empty database, made once for all processes of a test run: making it takes four seconds."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

_MAKE = """
import asyncio
import flows
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""


def lay_prefect_database(folder: Path, factory: pytest.TempPathFactory) -> None:
    """Give a folder's Prefect server an empty database, like the one that an earlier server left."""
    folder_of_process = factory.getbasetemp()
    # pytest-xdist gives each process a folder in one that all of them share.
    shared = folder_of_process.parent if "PYTEST_XDIST_WORKER" in os.environ else folder_of_process
    made = shared / "prefect/prefect.db"
    with (shared / "prefect.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            environment = os.environ | {"PREFECT_HOME": str(made.parent)}
            subprocess.run([sys.executable, "-c", _MAKE], env=environment, check=True)
    (folder / ".prefect").mkdir()
    with (
        closing(sqlite3.connect(made)) as source,
        closing(sqlite3.connect(folder / ".prefect/prefect.db")) as target,
    ):
        source.backup(target)
