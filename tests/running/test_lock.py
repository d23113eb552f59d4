"""Two runs never work at once, and each says whom it waits for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pawtrace.base.errors import PawtraceError
from pawtrace.running.lock import ProjectBusyError, only_one, project_held, project_held_by_us
from tests.conftest import ROOT

HOLDER = """
import time
from pawtrace.running.lock import project_held
with project_held(wait=False):
    print("held", flush=True)
    time.sleep(600)
"""
STAGE = """
from pawtrace.running.lock import project_held_by_us
with project_held_by_us():
    print("at work")
"""


def python(folder: Path, code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def holder(project: Path) -> Iterator["subprocess.Popen[str]"]:
    process = python(project, HOLDER)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.usefixtures("project")
def test_a_second_run_is_refused_with_the_process_of_the_first() -> None:
    with only_one("split"), pytest.raises(PawtraceError, match=f"process {os.getpid()}"), only_one("split"):
        pytest.fail("both held it")


@pytest.mark.usefixtures("project")
def test_other_stages_and_later_runs_are_free() -> None:
    with only_one("train@a"), only_one("train@b"):
        pass
    with only_one("train@a"):
        assert Path(".pawtrace/locks/train@a").read_text() == str(os.getpid())


def test_who_does_not_wait_is_told_who_holds_the_project(holder: "subprocess.Popen[str]") -> None:
    words = rf"process {holder.pid} \(.*python.* -c .*\), since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    with pytest.raises(ProjectBusyError, match=words), project_held(wait=False):
        pytest.fail("both held it")


def test_who_waits_is_told_once_and_goes_on_when_the_holder_is_killed(
    holder: "subprocess.Popen[str]",
) -> None:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        time.sleep(1.2)  # some more looks
        holder.send_signal(signal.SIGKILL)

    with project_held(wait=True, say=say):
        assert len(said) == 1
        assert f"process {holder.pid}" in said[0]


def test_a_stage_of_the_holder_does_not_wait_for_it(project: Path) -> None:
    with project_held(wait=False):
        stage = python(project, STAGE)
        assert stage.communicate(timeout=60)[0] == "at work\n"


def test_a_stage_by_hand_holds_the_project_for_itself(holder: "subprocess.Popen[str]") -> None:
    with pytest.raises(ProjectBusyError, match="another run is working"), project_held_by_us():
        pytest.fail("both held it")
    holder.kill()
    holder.wait()
    with (
        project_held_by_us(),
        pytest.raises(ProjectBusyError, match=f"process {os.getpid()}"),
        project_held(wait=False),
    ):
        pytest.fail("both held it")


def test_what_inherits_the_lock_holds_it_after_its_holder(project: Path) -> None:
    """A dvc whose flow was killed may live for a moment: nobody else works meanwhile."""
    with project_held(wait=False) as lock:
        heir = subprocess.Popen(["sleep", "600"], pass_fds=(lock.fileno(),))
    with pytest.raises(ProjectBusyError), project_held(wait=False):
        pytest.fail("both held it")
    heir.kill()
    heir.wait()
    with project_held(wait=False):
        assert project


def test_a_new_run_waits_for_a_stage_that_was_left_over(project: Path) -> None:
    code = HOLDER.replace("project_held(wait=False)", "only_one('split')").replace("project_held", "only_one")
    stage = python(project, code)
    assert stage.stdout is not None
    stage.stdout.readline()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        stage.kill()

    with project_held(wait=False, say=say):
        assert said == [f"waiting for split, left from an interrupted run (process {stage.pid})"]
    stage.communicate()
