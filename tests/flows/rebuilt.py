"""A project that is rebuilt: commits, what Prefect's database has, and runs that are served."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.tiny_clone import command, environment


def commit(folder: Path, message: str) -> str:
    """Commit what the user edits, without the results of runs."""
    others = (":!dvc.lock", ":!reports", ":!models", ":!promoted.dvc")
    command(folder, "git", "add", "--all", "--", ".", *others)
    command(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", message)
    return command(folder, "git", "rev-parse", "HEAD").stdout.strip()


def rows(folder: Path, query: str) -> list[Any]:
    """What Prefect's database has."""
    with sqlite3.connect(folder / ".prefect/prefect.db") as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


def checkpoints(folder: Path) -> set[Path]:
    return set(folder.glob(".pawtrace/training/*/checkpoints/[0-9]*.npz"))


def serve(folder: Path, what: str, port: int) -> str:
    words = sys.executable, "-m", "flows.serve", what
    ended = subprocess.run(
        words, cwd=folder, env=environment() | {"PORT": str(port)}, capture_output=True, text=True, check=True
    )
    return ended.stdout


def run_on_demand(folder: Path, port: int) -> None:
    url = f"http://127.0.0.1:{port}/api"
    words = sys.executable, "-m", "prefect", "deployment", "run", "rebuild/rebuild-on-demand"
    subprocess.run(
        words,
        cwd=folder,
        env=environment() | {"PREFECT_API_URL": url, "PREFECT_HOME": str(folder / ".prefect")},
        capture_output=True,
        check=True,
    )


def wait_for_state(folder: Path, state: str, count: int) -> None:
    query = f"""select r.id from flow_run r join flow f on f.id = r.flow_id
                where f.name = 'rebuild' and r.deployment_id is not null and r.state_name = '{state}'"""
    wait_for_rows(folder, query, count)


def wait_for_rows(folder: Path, query: str, count: int) -> None:
    until = time.monotonic() + 240
    while len(rows(folder, query)) < count:
        assert time.monotonic() < until, query
        time.sleep(0.5)
