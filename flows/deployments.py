"""What prefect.yaml deploys, read before anything is started: a wrong schedule gives one clear line."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort
from pydantic import ValidationError

from pawtrace.base.errors import DeviceError, ParamsError
from pawtrace.base.yaml_files import read_yaml

_FILE = Path("prefect.yaml")
_SCHEDULED_S = 30  # Prefect's server plans the runs of a new deployment every 5 s
_POLL_S = 0.5


def schedules() -> dict[str, list[str]]:
    """The deployments and their cron expressions.

    Raises:
      ParamsError: the file is missing or malformed, or an expression is no cron expression.
    """
    try:
        deployments: list[dict[str, Any]] = read_yaml(_FILE)["deployments"]
        found = {
            deployment["name"]: [schedule["cron"] for schedule in deployment.get("schedules", [])]
            for deployment in deployments
        }
    except FileNotFoundError:
        raise ParamsError(f"{_FILE} is missing; run: git checkout {_FILE}") from None
    except (ValueError, KeyError, TypeError) as error:
        said = " ".join(str(error).split())[:200]
        raise ParamsError(f"{_FILE}: expected deployments with name and cron, found: {said}") from None
    for name, crons in found.items():
        for cron in crons:
            _check(name, cron)
    return found


def next_start(client: SyncPrefectClient, name: str) -> datetime | None:
    """When the deployment of that name, which has a schedule, runs next: UTC; None where it is paused.

    Raises:
      DeviceError: Prefect has planned no run of it; it would write that only into its own log.
    """
    named = DeploymentFilter(name=DeploymentFilterName(any_=[name]))
    (deployment,) = client.read_deployments(deployment_filter=named)
    if deployment.paused or not any(schedule.active for schedule in deployment.schedules):
        return None
    until = time.monotonic() + _SCHEDULED_S
    while True:
        runs = client.read_flow_runs(
            deployment_filter=named,
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=1,
        )
        if runs and runs[0].expected_start_time is not None:
            return runs[0].expected_start_time
        if time.monotonic() > until:
            raise DeviceError(
                f"{name}: expected Prefect to plan its next run within {_SCHEDULED_S} s, found none: its "
                "cron expression names no date, or the packages are not those of requirements.lock; "
                "run: make serve-stop"
            )
        time.sleep(_POLL_S)


def _check(name: str, cron: str) -> None:
    try:
        CronSchedule(cron=cron, timezone="UTC")
    except ValidationError:
        raise ParamsError(
            f"{_FILE}: {name}: expected a cron expression such as '0 2 * * *' (every night at 2:00 UTC), "
            f"found {cron!r}; correct it and run: make serve"
        ) from None
