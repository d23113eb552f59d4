"""Only a run whose process has certainly ended is set to Crashed."""

import os
import subprocess
from typing import cast
from uuid import uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events.schemas.automations import AutomationCore
from prefect.settings import get_current_settings

from flows import HEARTBEAT_S
from flows.stale_runs import _has_ended, crash_silent_runs, process_tag
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


class Server:
    """Keeps the automations that it is given."""

    def __init__(self) -> None:
        self.automations: dict[str, AutomationCore] = {}

    def read_automations_by_name(self, name: str) -> list[AutomationCore]:
        return [self.automations[name]] if name in self.automations else []

    def create_automation(self, automation: AutomationCore) -> None:
        self.automations[automation.name] = automation


def test_what_starts_and_falls_silent_is_crashed_within_minutes() -> None:
    server = Server()
    crash_silent_runs(cast(SyncPrefectClient, server))
    (automation,) = server.automations.values()
    trigger, (action,) = automation.trigger, automation.actions
    event = "prefect.flow-run."
    assert {
        event + "Running",
        event + "heartbeat",
    } <= trigger.after  # a run may die before its first heartbeat
    assert {event + state for state in ("Completed", "Failed", "Cancelled", "Crashed")} <= trigger.expect
    assert 2 * HEARTBEAT_S < trigger.within.total_seconds() <= 180
    assert action.state == StateType.CRASHED


def test_every_flow_sends_heartbeats_that_often() -> None:
    assert get_current_settings().flows.heartbeat_frequency == HEARTBEAT_S
