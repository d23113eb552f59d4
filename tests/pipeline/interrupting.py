"""Kill a run or press Ctrl-C in a tiny clone, at a moment that its output or its files tell."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.tiny_clone import edit_params, environment, processes_in


def train_wide_head_for(clone: Path, num_epochs: int, seed: int) -> None:
    """Edit params so that the next run has something to train, and trains it to the end."""
    phases = [{"trainable": "all", "num_epochs": num_epochs}]
    train = {"phases": phases, "early_stopping": None, "seed": seed}
    edit_params(clone, {"recipes": {"wide_head": {"overrides": {"train": train}}}})


def kill_a_repro_of_wide_head(clone: Path) -> None:
    """Kill dvc and what it runs as soon as the training has left a checkpoint."""
    pattern = ".pawtrace/training/*/checkpoints/[0-9]*.npz"
    known = set(clone.glob(pattern))
    repro = started(clone, "dvc", "repro", "train@wide_head")
    while not set(clone.glob(pattern)) - known:
        assert repro.poll() is None
        time.sleep(0.05)
    os.killpg(repro.pid, signal.SIGKILL)
    repro.communicate()


def press_ctrl_c_after(pattern: str, clone: Path) -> None:
    """Train wide_head until its output matches; after Ctrl-C only the finished model is left."""
    flow = started(clone, sys.executable, "-m", "flows.train_recipe", "wide_head")
    assert flow.stdout is not None
    with flow, flow.stdout:
        said = ""
        while not re.search(pattern, said):
            assert flow.poll() is None, said
            said += flow.stdout.readline()
        os.killpg(flow.pid, signal.SIGINT)
        output = flow.stdout.read()
        assert flow.wait(60) == 130, output[-2000:]
    assert "interrupted" in output
    assert "Traceback" not in output
    assert not processes_in(clone)
    assert sorted(path.name for path in (clone / "models").glob(".partial*")) == []
    assert (clone / "models/wide_head/model.keras").exists()


def started(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """A command in a process group of its own, with a Prefect server of its own."""
    alone = {name: value for name, value in environment().items() if name != "PREFECT_API_URL"}
    return subprocess.Popen(
        words,
        cwd=folder,
        env=alone,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
