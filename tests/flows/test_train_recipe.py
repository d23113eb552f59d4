"""What is trained is what `resolve` wrote; a Prefect server that dies costs neither a training nor time."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import ending, train_recipe
from flows.server_answers import answers
from flows.server_errors import server_errors_named
from flows.temporary_server import _free_port
from pawtrace.base.errors import DeviceError
from pawtrace.config.recipe_file import RecipeFile
from stages import resolve
from tests.conftest import WriteParams
from tests.tiny_clone import RECIPES, command, edit_params, environment, processes_in, tiny_project

LONG = {"phases": [{"trainable": "none", "num_epochs": 5000}], "early_stopping": None}
SHORT = {"phases": [{"trainable": "none", "num_epochs": 40}], "early_stopping": None}
END_S = 30


def test_an_edit_of_params_while_an_earlier_recipe_trains_is_not_trained(
    write_params: WriteParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_params({"train": {"seed": 7}})
    resolve.main()
    write_params({"train": {"seed": 8}})  # after `resolve`, before this recipe's turn
    trained: list[tuple[str, RecipeFile]] = []
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setattr(train_recipe, "stage", lambda: None)
    monkeypatch.setattr(train_recipe, "train_recipe", lambda name, recipe: trained.append((name, recipe)))
    name = next(Path("data/recipes").glob("*.json")).stem
    train_recipe.run(name)
    ((found, recipe),) = trained
    assert (found, recipe.train.seed) == (name, 7)


def test_a_worker_that_imports_the_flow_once_more_says_nothing() -> None:
    """Python warns of a module that is run after its import, as in copies of a process that has it."""
    again = (
        "import runpy, flows.train_recipe; "
        "runpy.run_module('flows.train_recipe', run_name='__mp_main__', alter_sys=True)"
    )
    python = [sys.executable, "-W", "error::RuntimeWarning", "-c", again]
    done = subprocess.run(python, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def fail_to_report() -> None:
    raise RuntimeError("Failed to reach API at http://127.0.0.1:1/api/")


def test_a_server_that_is_gone_is_an_error_before_the_results_are_in_place_and_none_after_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "http://127.0.0.1:1/api"
    with pytest.raises(DeviceError, match=f"^PREFECT_API_URL: .*{url}.*unset"), server_errors_named(url):
        fail_to_report()
    monkeypatch.setattr(ending, "results_are_in_place", lambda: True)
    monkeypatch.setattr("flows.server_errors.results_are_in_place", lambda: True)
    with server_errors_named(url):
        fail_to_report()
    assert url in capsys.readouterr().out


def test_an_error_of_our_own_is_not_taken_for_the_servers() -> None:
    with pytest.raises(RuntimeError, match="of our own"), server_errors_named("http://127.0.0.1:1/api"):
        raise RuntimeError("of our own")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with its records; nothing is trained yet."""
    folder = tmp_path_factory.mktemp("dead_server") / "pawtrace"
    tiny_project(folder, {"small_head": RECIPES["small_head"]})
    command(folder, "dvc", "repro", "preprocess", "resolve")
    return folder


@pytest.fixture
def server(clone: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A Prefect server of the test's own, to be killed."""
    port = _free_port()
    words = sys.executable, "-m", "flows.temporary_server", str(port), str(os.getpid())
    with subprocess.Popen(words, cwd=clone, env=environment()) as process:
        url = f"http://127.0.0.1:{port}/api"
        while not answers(url):
            assert process.poll() is None
            time.sleep(0.1)
        yield url, process
        process.kill()


def started(clone: Path, *words: str, train: dict[str, Any], url: str = "") -> "subprocess.Popen[str]":
    """A command in a process group of its own, after an edit of the recipe that it trains."""
    edit_params(clone, {"recipes": {"small_head": {"overrides": {"train": train}}}})
    command(clone, sys.executable, "-m", "stages.resolve")
    return subprocess.Popen(
        words,
        cwd=clone,
        env=environment() | ({"PREFECT_API_URL": url} if url else {}),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said_until(pattern: str, process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    said = ""
    while not re.search(pattern, said):
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=lambda how: how.name)
def test_a_server_that_dies_while_a_recipe_trains_costs_neither_the_training_nor_time(
    clone: Path, server: tuple[str, "subprocess.Popen[bytes]"], how: signal.Signals
) -> None:
    url, process = server
    words = sys.executable, "-m", "flows.train_recipe", "small_head"
    with started(clone, *words, train=SHORT | {"seed": int(how)}, url=url) as flow:
        said_until("epoch 2 of", flow)
        process.send_signal(how)
        said_until("without showing its metrics", flow)  # all that was left is to report
        begun = time.monotonic()
        assert flow.stdout is not None
        rest = flow.stdout.read()
        assert flow.wait() == 0
    assert time.monotonic() - begun < END_S
    assert "Traceback" not in rest
    assert (clone / "models/small_head/predictions.csv").exists()
    assert not list((clone / "models").glob(".partial-*"))


@pytest.mark.long
@pytest.mark.parametrize(
    ("pattern", "pause_s"), [("epoch 2 of", 0.05), ("check: signal", 0.3), ("> python", 2.0)]
)
def test_ctrl_c_twice_under_dvc_does_not_hang(clone: Path, pattern: str, pause_s: float) -> None:
    with started(
        clone, "dvc", "repro", "train@small_head", train=LONG | {"seed": int(100 * pause_s)}
    ) as repro:
        said_until(pattern, repro)
        begun = time.monotonic()
        for _ in range(2):
            os.killpg(repro.pid, signal.SIGINT)
            time.sleep(pause_s)
        assert repro.stdout is not None
        rest = repro.stdout.read()
        repro.wait()
    assert time.monotonic() - begun < END_S
    assert "Traceback" not in rest
    assert not processes_in(clone)
