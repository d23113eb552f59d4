"""Fresh clones of the working tree with tiny params, and commands run in them as a person would."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from ruamel.yaml import YAML

from flows.server_answers import answers
from flows.temporary_server import _free_port
from pawtrace.config.params import merged
from pawtrace.dataset.examples.pixels import encode_jpeg
from tests.conftest import PARAMS, ROOT, picture
from tests.learning.tiny import tiny_backbone
from tests.prefect_database import copy_empty_prefect_database

RECIPES = {
    "small_head": {
        "question": "One unit?",
        "overrides": {"train": {"learning_rate": 0.001, "head": {"units": []}}},
    },
    "wide_head": {"question": "Eight units?", "overrides": {"train": {"head": {"units": [8]}}}},
}
BACKBONE = "data/weights/tiny.keras"
# Small and frozen: the pipeline is under test here, not the network.
FROZEN = {
    "train": {
        "backbone": BACKBONE,
        "phases": [{"trainable": "none", "num_epochs": 2}],
        "head": {"pooling": "average"},
    }
}


def command(folder: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of the project's environment as a person would, outside of any test's settings."""
    return subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, text=True, check=check, timeout=600
    )


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_TESTS)}
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
    return kept | path | _served


_OF_TESTS = (  # see conftest.py
    "PREFECT",
    "PYTEST",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "OPENBLAS_NUM_THREADS",
    "JAX_DISABLE_MOST_OPTIMIZATIONS",
)
_served: dict[str, str] = {}


@contextlib.contextmanager
def prefect_server_for_all(factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect server with a home of its own for every command within: a flow alone starts its own."""
    with prefect_server(factory) as url:
        _served["PREFECT_API_URL"] = url
        try:
            yield
        finally:
            _served.clear()


@contextlib.contextmanager
def prefect_server(factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server with a home of its own, for those who are given its address."""
    folder = factory.mktemp("server")
    copy_empty_prefect_database(folder, factory)
    port = _free_port()
    words = sys.executable, "-m", "flows.temporary_server", str(port), str(os.getpid())
    with subprocess.Popen(words, cwd=folder, env=environment()) as server:
        url = f"http://127.0.0.1:{port}/api"
        while not answers(url):
            assert server.poll() is None
            time.sleep(0.1)
        try:
            yield url
        finally:
            server.terminate()


def edit_params(folder: Path, changes: dict[str, Any], recipes: dict[str, Any] | None = None) -> None:
    """Lay changes over params.yaml; `recipes`, where given, take the place of all that it has."""
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load((folder / "params.yaml").read_text())
    content["recipes"] = recipes or content["recipes"]
    with (folder / "params.yaml").open("w") as file:
        yaml.dump(merged(content, changes), file)


def commit_all(folder: Path, subject: str) -> None:
    command(folder, "git", "add", "-A")
    command(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", subject)


def stages_run(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage '")]


def processes_in(folder: Path) -> list[psutil.Process]:
    """The living processes that work in a folder."""
    living = []
    for process in psutil.process_iter(["cwd", "status"]):
        if process.info["cwd"] == str(folder) and process.info["status"] != psutil.STATUS_ZOMBIE:
            living.append(process)
    return living


def copy_of_the_project(folder: Path) -> None:
    """A fresh clone of the working tree with the tests' params, committed, without what was built in it."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file() and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PARAMS if name == "params.yaml" else ROOT / name, folder / name)
    for words in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -qm start"):
        command(folder, "git", *words.split())


EASY = {  # with easy_pictures: right on nearly all of them, after a second
    "question": "Light or dark?",
    "overrides": {
        "train": {
            "input_scaling": "backbone",
            "learning_rate": 0.1,
            "head": {"units": []},
            "phases": [{"trainable": "none", "num_epochs": 40}],
            "early_stopping": None,
        }
    },
}


def easy_pictures(folder: Path) -> None:
    """Give a project pictures that the tiny backbone can tell apart: dogs are lighter than cats."""
    for number in range(160):
        name = folder / "pictures" / ("Cat", "Dog")[number % 2] / f"{number}.jpg"
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(encode_jpeg(picture(number) // 2 + np.uint8(100 * (number % 2)), 90))
    edit_params(folder, {"data": {"source": "archive", "archive": "pictures"}})


def tiny_project(folder: Path, recipes: dict[str, Any]) -> None:
    """A fresh clone whose params.yaml has only these recipes, on few small pictures; not built yet."""
    copy_of_the_project(folder)
    tiny_backbone(folder / BACKBONE)
    edit_params(folder, FROZEN, recipes)


def outputs(folder: Path) -> dict[str, int]:
    """Every file that stages left, with its size."""
    places = ("data/raw", "data/splits", "data/records", "models", "reports")
    files = [path for place in places for path in (folder / place).rglob("*") if path.is_file()]
    return {str(path): path.stat().st_size for path in files}


def experiment_rows(of_revision: dict[str, Any]) -> list[dict[str, Any]]:
    """The experiments below a revision, as `dvc exp show --json` has them."""
    return [row for experiment in of_revision["experiments"] or [] for row in experiment["revs"]]


def flip_a_bit_unseen(path: Path) -> None:
    """As a disk does it: neither size nor time of the file change."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(status.st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
