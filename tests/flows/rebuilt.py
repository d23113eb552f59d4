"""A project that is rebuilt: commits, what Prefect's database has, and runs that are served."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.tiny_clone import command, environment

RESULTS = "dvc.lock", "reports", "models", "promoted.dvc"  # of a run
LOCK = ".pawtrace/locks/project"  # of the project: who is working in it


def commit(folder: Path, message: str) -> str:
    """Commit what the user edits, without the results of runs."""
    command(folder, "git", "add", "--all", "--", ".", *(f":!{path}" for path in RESULTS))
    command(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", message)
    return command(folder, "git", "rev-parse", "HEAD").stdout.strip()


def saved_branches(folder: Path) -> list[str]:
    """The branches to which runs have saved their results."""
    words = "git", "branch", "--list", "rebuild/*", "--format=%(refname:short)"
    return command(folder, *words).stdout.split()


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


def start_on_demand(folder: Path, port: int) -> None:
    """Until the run holds the project's lock."""
    run_on_demand(folder, port)
    while "flow run" not in (folder / LOCK).read_text():
        time.sleep(0.1)


def kill_worker_and_run(folder: Path) -> None:
    worker = int((folder / ".prefect/serve/worker.pid").read_text().split("/")[2])
    for pid in (worker, json.loads((folder / LOCK).read_text())["pid"]):
        os.kill(pid, signal.SIGKILL)
