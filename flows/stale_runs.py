"""Set flow runs to Crashed that are marked as running although their process was killed.

The server does so when a run's heartbeats stop. If no server was running then, the next run does so: every
run has a tag that names its process (host, boot, number and start). Until a run has set its tag, the process
number that the worker noted takes its place.
"""

import os
from collections.abc import Iterable
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.runtime import flow_run
from prefect.states import Crashed

from flows import HEARTBEAT_S
from flows.notifications import put_automation
from flows.say import say
from pawtrace.running.processes import has_ended, identity

TAG = "PAWTRACE_TAG"  # the environment variable by which a rebuild gives inner runs its own
_PROCESS = "process:"
_OF_US = ["rebuild", "train-recipe"]
_EVENT = "prefect.flow-run."
_SIGNS = {_EVENT + name for name in ("Running", "heartbeat", "Completed", "Failed", "Cancelled", "Crashed")}
_MORE_TO_COME = {_EVENT + name for name in ("Pending", "Running", "heartbeat")}
_SILENCE_S = 4 * HEARTBEAT_S  # a busy machine may be late with one or two
_UNFINISHED = [StateType.RUNNING, StateType.CANCELLING]


def process_tag() -> str:
    """The tag that names this process."""
    return f"{_PROCESS}{identity(os.getpid())}"


def tag_this_run() -> None:
    """Put this process's tag on a flow run that a worker started."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(flow_run.id, tags={*flow_run.tags, process_tag()})


def crash_silent_runs(client: SyncPrefectClient) -> None:
    """Make the server set runs to Crashed that have started and send neither heartbeats nor their end."""
    trigger = EventTrigger(
        after=_MORE_TO_COME,
        expect=_SIGNS,
        for_each={"prefect.resource.id"},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=_SILENCE_S),
    )
    message = f"No heartbeat for {_SILENCE_S} s: the process was probably killed"
    crash = ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=message)
    put_automation(client, AutomationCore(name="a run fell silent", trigger=trigger, actions=[crash]))


def crash_ended_runs(found_by: str, *, no_worker: bool = False) -> int:
    """Set runs to Crashed whose process has ended.

    Args:
      found_by: the caller's name, for the run's message.
      no_worker: whether no worker is running, so that nothing will start pending runs.
    Returns:
      How many runs were set to Crashed.
    """
    with get_client(sync_client=True) as client:
        states = [*_UNFINISHED, *([StateType.PENDING] if no_worker else [])]
        ended = [run for run in _unfinished(client, states) if _has_ended(run)]
        for run in ended:
            message = f"The process was killed; found by {found_by}"
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)
            say(f"{run.name} was marked {run.state_name}, but its process had been killed: set to Crashed")
    return len(ended)


def _unfinished(client: SyncPrefectClient, states: list[StateType]) -> Iterable[FlowRun]:
    found = client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=_OF_US)),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states))),
    )
    return [run for run in found if str(run.id) != flow_run.id]


def _has_ended(run: FlowRun) -> bool:
    tags = [tag.removeprefix(_PROCESS) for tag in run.tags if tag.startswith(_PROCESS)]
    if tags:
        return all(has_ended(tag) for tag in tags)
    if run.infrastructure_pid and run.infrastructure_pid.isdigit():
        return identity(int(run.infrastructure_pid)) is None
    return run.state is not None and run.state.type == StateType.PENDING
