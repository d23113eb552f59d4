"""Only a run whose process has certainly ended is set to Crashed."""

import os
import subprocess
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State, StateType

from flows.stale_runs import _has_ended, process_tag
from pawtrace.running.processes import identity


def run(state: StateType = StateType.RUNNING, pid: str | None = None, tags: tuple[str, ...] = ()) -> FlowRun:
    return FlowRun(flow_id=uuid4(), state=State(type=state), infrastructure_pid=pid, tags=list(tags))


@pytest.fixture
def killed() -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(["sleep", "600"])
    process.args = identity(process.pid)  # type: ignore[assignment]
    process.kill()
    process.wait()
    return process


def test_a_run_that_is_at_work_is_left_alone() -> None:
    assert not _has_ended(run(tags=(process_tag(),)))
    assert not _has_ended(run(pid=str(os.getpid())))


def test_a_run_whose_process_was_killed_has_ended(killed: "subprocess.Popen[bytes]") -> None:
    assert _has_ended(run(tags=(f"process:{killed.args}", "rebuild:1")))
    assert _has_ended(run(pid=str(killed.pid)))  # it was killed before it had put its tag


def test_a_run_on_another_machine_is_left_alone() -> None:
    assert not _has_ended(run(tags=("process:elsewhere/00000000/1/1",)))


def test_a_run_of_which_nothing_is_known_is_left_alone_while_it_runs() -> None:
    assert not _has_ended(run())
    assert _has_ended(run(StateType.PENDING))  # asked for only where no worker is there to start it
