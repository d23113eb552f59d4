"""Does a schedule survive? A run every minute on a tiny profile, a SIGKILL in every other one.

Before each run an edit is committed, so that there is something to train. The kill meets, in turn, the
flow run, its dvc, the stage at work, the worker, and worker and server, at a random moment. At the end:
the metrics of a plain `dvc repro`, no process, no run marked running, a promoted model that was there
at every look, fifty a second.
Run: python -m benchmarks.soak [RUNS]   (10 runs take about 20 minutes on two cores)
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from pawtrace.base.files import write_text
from pawtrace.base.yaml_files import read_yaml, yaml_text
from pawtrace.config.params import merged

_PORT = "4291"
_TINY: dict[str, Any] = {
    "data": {"sample_size": 80},
    "preprocess": {"image_size_px": 32, "examples_per_shard": 16},
    "train": {
        "head": {"pooling": "average", "units": [4]},
        "batch_size": 16,
        "phases": [{"trainable": "all", "num_epochs": 4}],
    },
    "evaluate": {"num_bootstrap": 100},
}
_RECIPES = {"tiny": {"question": "Does it survive?", "overrides": {}}}
_VICTIMS = ("flow", "dvc", "stage", "worker", "worker and server")
_RUN_S = 600


class Project:
    """A clone of the last commit here, with tiny params and a schedule of every minute."""

    def __init__(self, folder: Path) -> None:
        """Clone, edit, commit."""
        self.folder = folder
        self.command("git", "clone", "--quiet", str(Path.cwd()), str(folder), folder=Path.cwd())
        self.edit_params(_TINY, recipes=_RECIPES)
        deployments = folder / "prefect.yaml"
        deployments.write_text(deployments.read_text().replace("0 2 * * *", "* * * * *"))
        self.commit("tiny")

    def command(self, *words: str, folder: Path | None = None) -> str:
        """What a command says."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PORT": _PORT}
        ended = subprocess.run(
            words, cwd=folder or self.folder, env=kept | path, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            sys.exit(f"{' '.join(words)}: {ended.stdout[-2000:]} {ended.stderr[-2000:]}")
        return ended.stdout

    def edit_params(self, changes: dict[str, Any], recipes: dict[str, Any] | None = None) -> None:
        """Lay changes over params.yaml; replace its recipes where some are given."""
        params = self.folder / "params.yaml"
        content = read_yaml(params)
        if recipes:
            content["recipes"] = recipes
        write_text(params, yaml_text(merged(content, changes)))

    def commit(self, message: str) -> None:
        """Commit params and schedule, not the results of runs."""
        self.command("git", "add", "params.yaml", "prefect.yaml")
        self.command(
            "git", "-c", "user.name=soak", "-c", "user.email=soak@localhost", "commit", "-qm", message
        )

    def serve(self, what: str) -> None:
        """`make serve` or `make serve-stop`."""
        self.command(sys.executable, "-m", "flows.serve", what)

    def runs(self, state: str = "%") -> list[tuple[str, str, str]]:
        """Name, state and message of the flow's runs in a type of state, the oldest first."""
        database = sqlite3.connect(self.folder / ".prefect/prefect.db", timeout=60)
        query = """select r.name, s.name, s.message from flow_run r join flow f on f.id = r.flow_id
                   join flow_run_state s on s.id = r.state_id
                   where f.name = 'rebuild' and r.state_type like ? and r.state_type != 'SCHEDULED'
                   order by r.expected_start_time"""
        found: list[tuple[str, str, str]] = database.execute(query, (state,)).fetchall()
        database.close()
        return found

    def holder(self) -> psutil.Process | None:
        """The flow run that is at work."""
        try:
            content = json.loads((self.folder / ".pawtrace/locks/project").read_text())
            return psutil.Process(content["pid"])
        except (OSError, ValueError, psutil.Error):
            return None

    def processes(self) -> list[psutil.Process]:
        """All that works in the folder."""
        found = []
        for process in psutil.process_iter(["cwd", "status"]):
            if process.info["cwd"] == str(self.folder) and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found


def wait_for(what: str, condition: Callable[[], Any], limit_s: float = _RUN_S) -> Any:
    """Wait until a condition holds; give what it gave."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.1)
    sys.exit(f"soak: waited {limit_s:.0f} s for {what}")


def kill(project: Project, victim: str) -> None:
    """Kill one of those that are at work; start worker and server again where it was one of them."""
    flow = wait_for("a flow run at work", project.holder)
    time.sleep(random.uniform(0, 25))
    children = flow.children(recursive=True) if flow.is_running() else []
    named = {
        "flow": [flow.pid],
        "dvc": [child.pid for child in children if "repro" in child.cmdline()],
        "stage": [child.pid for child in children if "-m" in child.cmdline()[-3:]][-1:],
        "worker": _pids(project, "worker"),
        "worker and server": _pids(project, "worker") + _pids(project, "server"),
    }
    for pid in named[victim] or [flow.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            print(f"  {victim} had ended already", flush=True)
    print(
        f"  killed: {victim}, while {children[-1].name() if children else 'nothing'} was at work", flush=True
    )
    if victim.startswith("worker"):
        time.sleep(2)
        project.serve("start")


def _pids(project: Project, name: str) -> list[int]:
    return [int((project.folder / f".prefect/serve/{name}.pid").read_text().split("/")[2])]


def watch_promoted(project: Project, absent: list[float], ended: threading.Event) -> None:
    """Note each look at which the promoted model was not there, once it had been."""
    model, there = project.folder / "models/promoted/model.keras", False
    while not ended.is_set():
        is_there = model.exists()
        there = there or is_there
        if there and not is_there:
            absent.append(time.monotonic())
        time.sleep(0.02)


def completed(project: Project) -> int:
    """How many runs were completed."""
    return len([name for name, state, _ in project.runs("COMPLETED") if state == "Completed"])


def check(project: Project, absent: list[float], folder: Path) -> dict[str, Any]:
    """What must hold at the end."""
    left = [" ".join(process.cmdline())[:100] for process in project.processes()]
    plain = folder / "plain"
    project.command("git", "clone", "--quiet", str(project.folder), str(plain), folder=folder)
    project.command("dvc", "repro", folder=plain)
    metrics = "reports/metrics/tiny.json"
    same = (plain / metrics).read_text() == (project.folder / metrics).read_text()
    states = [state for _, state, _ in project.runs()]
    return {
        "same metrics as dvc repro": same,
        "processes left": left,
        "runs marked running": project.runs("RUNNING"),
        "looks without a promoted model": len(absent),
        "runs by state": {state: states.count(state) for state in sorted(set(states))},
    }


def main() -> None:
    """Soak, then check; exit 1 where something does not hold."""
    num_runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    project = Project(folder / "project")
    absent: list[float] = []
    ended = threading.Event()
    threading.Thread(target=watch_promoted, args=(project, absent, ended), daemon=True).start()
    project.serve("start")
    try:
        for number in range(num_runs):
            wait_for("the run before to end", lambda: not project.holder())
            before, start = completed(project), time.monotonic()
            project.edit_params({"train": {"seed": number + 1}})
            project.commit(f"run {number + 1}")
            if number % 2:
                kill(project, _VICTIMS[number // 2 % len(_VICTIMS)])
            wait_for("a completed run", lambda before=before: completed(project) > before)  # type: ignore[misc]
            print(f"run {number + 1} of {num_runs}: {time.monotonic() - start:.0f} s", flush=True)
    finally:
        project.serve("stop")
        ended.set()
    found = check(project, absent, folder)
    print(json.dumps(found, indent=2))
    well = found["same metrics as dvc repro"] and not absent
    if not well or found["processes left"] or found["runs marked running"]:
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
