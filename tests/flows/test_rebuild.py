"""A rebuild, for real and tiny: by hand, without a server; what kills and edits do to it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.temporary_server import _free_port
from tests.flows.rebuilt import (
    LOCK,
    RESULTS,
    checkpoints,
    commit,
    kill_worker_and_run,
    rows,
    run_on_demand,
    saved_branches,
    serve,
    start_on_demand,
    wait_for_state,
)
from tests.prefect_database import copy_empty_prefect_database
from tests.tiny_clone import (
    EASY,
    command,
    easy_pictures,
    edit_params,
    environment,
    prefect_server,
    processes_in,
    tiny_project,
)

pytestmark = pytest.mark.slow

REBUILD = (sys.executable, "-m", "flows.rebuild")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one tiny recipe, rebuilt once, its results committed by the user."""
    folder = tmp_path_factory.mktemp("rebuilt") / "pawtrace"
    tiny_project(folder, {"small_head": EASY})
    easy_pictures(folder)
    copy_empty_prefect_database(folder, tmp_path_factory)
    commit(folder, "tiny")
    ended = command(folder, *REBUILD, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    (folder.parent / "first.log").write_text(ended.stdout)
    return folder


@pytest.fixture(scope="module")
def rebuild_again(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """A rebuild's command, with a server that runs already: the first rebuild started one of its own."""
    with prefect_server(tmp_path_factory) as url:
        yield "env", f"PREFECT_API_URL={url}", *REBUILD


def test_the_first_rebuild_promotes_and_saves_on_a_branch_of_its_own(built: Path) -> None:
    log = (built.parent / "first.log").read_text()
    assert "Running stage 'train@small_head':" in log
    assert "no DVC remote" in log
    assert (built / "models/promoted/model.keras").exists()
    (branch,) = saved_branches(built)
    assert branch in log
    saved = command(built, "git", "show", f"{branch}:reports/metrics/small_head.json").stdout
    assert saved == (built / "reports/metrics/small_head.json").read_text()
    parent, head = command(built, "git", "rev-parse", f"{branch}^", "HEAD").stdout.split()
    assert parent == head


@pytest.mark.parametrize("has_moved", [False, True])
def test_its_results_are_taken_over_as_the_docs_say(built: Path, tmp_path: Path, has_moved: bool) -> None:
    folder = tmp_path / "pawtrace"
    shutil.copytree(built, folder, symlinks=True, ignore=shutil.ignore_patterns(".pawtrace", ".prefect"))
    (branch,) = saved_branches(folder)
    if has_moved:
        (folder / "notes.md").write_text("of the morning")
        commit(folder, "notes")
    for words in (
        ("add", "--all", *RESULTS),
        ("commit", "--quiet", "-m", "results"),
        ("merge", "--no-edit", branch),
    ):
        command(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", *words)
    assert not command(folder, "git", "status", "--porcelain").stdout
    assert branch in command(folder, "git", "branch", "--merged").stdout
    assert not command(folder, "git", "diff", "HEAD", branch, "--", *RESULTS).stdout


def test_its_artifacts_say_what_changed(built: Path) -> None:
    keys = {key for (key,) in rows(built, "select key from artifact_collection")}
    assert keys >= {"metrics-diff", "params-diff", "trace", "curves", "report", "rebuild-progress"}


def test_the_training_flow_is_found_by_the_rebuilds_tag(built: Path) -> None:
    found = {
        name: (id, tags)
        for id, name, tags in rows(
            built, "select r.id, f.name, r.tags from flow_run r join flow f on f.id = r.flow_id"
        )
    }
    outer = found["rebuild"][0].replace("-", "")
    tags = [tag.replace("-", "") for tag in json.loads(found["train-recipe"][1])]
    assert f"rebuild:{outer}" in tags


def test_a_second_rebuild_runs_nothing_and_commits_nothing(
    built: Path, rebuild_again: tuple[str, ...]
) -> None:
    before = command(built, "git", "branch", "--list").stdout
    ended = command(built, *rebuild_again)
    assert "Running stage" not in ended.stdout
    assert command(built, "git", "branch", "--list").stdout == before


def test_edits_are_refused_in_one_line_and_kept(built: Path, rebuild_again: tuple[str, ...]) -> None:
    (built / "stages/notes.py").write_text("# mine\n")
    ended = command(built, *rebuild_again, check=False)
    (built / "stages/notes.py").unlink()
    assert ended.returncode == 1
    assert re.search("pawtrace rebuild: .*working tree.*stages/notes.py", ended.stderr.splitlines()[-1])
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.long
def test_a_secret_in_the_params_is_refused_and_in_no_log(built: Path) -> None:
    before = (built / "params.yaml").read_text()
    edit_params(built, {"data": {"archive": "https://me:hunter22@host/x.zip"}})
    ended = command(built, *REBUILD, check=False)
    (built / "params.yaml").write_text(before)
    assert ended.returncode == 1
    assert re.search("data.archive: .*URL with a password", ended.stderr)
    assert "hunter22" not in ended.stdout + ended.stderr
    assert not rows(built, "select message from log where message like '%hunter22%'")


@pytest.mark.long
@pytest.mark.parametrize(
    "kills",
    [
        [signal.SIGKILL, signal.SIGTERM],
        [signal.SIGKILL],
        [signal.SIGTERM],
    ],
    ids=lambda kills: "+".join(kill.name for kill in kills),
)
def test_killed_rebuilds_leave_no_process_and_the_next_one_goes_on(
    built: Path, kills: list[signal.Signals]
) -> None:
    seed = sum(kills)  # another one in each story: there is something to train
    longer = {"phases": [{"trainable": "all", "num_epochs": 400}], "early_stopping": None, "seed": seed}
    edit_params(built, {"recipes": {"small_head": {"overrides": {"train": longer}}}})
    commit(built, f"longer, seed {seed}")
    log = built.parent / "killed.log"
    for number, how in enumerate(kills):
        known = checkpoints(built)
        with log.open("w") as output:
            flow = subprocess.Popen(
                REBUILD, cwd=built, env=environment(), stdout=output, stderr=subprocess.STDOUT
            )
        # What is left of a training may take less time than there is between two checkpoints.
        while "resuming after" not in log.read_text() if number else not checkpoints(built) - known:
            assert flow.poll() is None, log.read_text()[-3000:]
            time.sleep(0.05)
        flow.send_signal(how)
        flow.wait(60)
        until = time.monotonic() + 30
        while processes_in(built) and time.monotonic() < until:
            time.sleep(0.2)
        assert not processes_in(built), how
    ended = command(built, *REBUILD)
    assert "resuming" in ended.stdout
    assert not rows(built, "select name from flow_run where state_type in ('RUNNING', 'CANCELLING')")
    assert len((built / "models/small_head/history.csv").read_text().splitlines()) == 401
    assert (built / "models/promoted/model.keras").exists()


HOLD = """
import time
from pawtrace.running.lock import project_held
with project_held(wait=True):
    time.sleep(600)
"""


def test_a_second_run_skips_or_waits_and_says_for_whom(built: Path, rebuild_again: tuple[str, ...]) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD], cwd=built, env=environment())
    while not (built / LOCK).read_text():
        time.sleep(0.05)
    edit_params(built, {"rebuild": {"when_busy": "skip"}})
    ended = command(built, *rebuild_again)
    assert f"process {holder.pid}" in ended.stdout
    edit_params(built, {"rebuild": {"when_busy": "wait"}})
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    waiting = subprocess.Popen(rebuild_again, cwd=built, env=environment(), text=True, **pipes)
    assert waiting.stdout is not None
    with waiting, waiting.stdout:
        while not re.search(rf"waiting.*process {holder.pid}\b", waiting.stdout.readline()):
            assert waiting.poll() is None
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert "results" in waiting.stdout.read()


@pytest.mark.long
def test_a_served_run_that_is_killed_is_crashed_and_the_next_is_completed(built: Path) -> None:
    edit_params(built, {"recipes": {"small_head": {"overrides": {"train": {"seed": 77}}}}})
    commit(built, "another seed")
    port = _free_port()
    said = serve(built, "start", port)
    assert re.search(r"rebuild-nightly: 0 2 \* \* \*, next at \d{4}-\d\d-\d\d 02:00 UTC", said)
    try:
        start_on_demand(built, port)
        os.kill(json.loads((built / LOCK).read_text())["pid"], signal.SIGKILL)
        wait_for_state(built, "Crashed", 1)
        run_on_demand(built, port)
        wait_for_state(built, "Completed", 1)
        query = """select l.message from log l join flow_run r on r.id = l.flow_run_id
                   where r.deployment_id is not null"""
        messages = [text for (text,) in rows(built, query)]
        assert any(text.startswith("Running stage 'train@small_head'") for text in messages)
        assert not any("no concurrency limit `gpu`" in text for text in messages)
        start_on_demand(built, port)
        kill_worker_and_run(built)  # nobody is left who reports the run's end
        wait_for_state(built, "Crashed", 2)  # the server sees that its heartbeats stopped
        serve(built, "start", port)  # a new worker
        (built / LOCK).write_text("")
        start_on_demand(built, port)
        kill_worker_and_run(built)
    finally:
        said = serve(built, "stop", port)
    assert "Crashed" in said
    assert not processes_in(built)
    unfinished = "('PENDING', 'RUNNING', 'CANCELLING')"
    assert not rows(built, f"select name from flow_run where state_type in {unfinished}")
