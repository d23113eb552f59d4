"""What prefect.yaml deploys, and when Prefect runs it next.

The file is read before anything is started: a wrong schedule gives one clear line.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort
from pydantic import ValidationError

from pawtrace.base.errors import ParamsError, in_one_line
from pawtrace.base.yaml_files import read_yaml

_FILE = Path("prefect.yaml")
# Prefect's server plans the runs of new deployments every 5 s, and of those that were missed every 60 s.
_PLANNED_S = 70
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
        said = in_one_line(str(error))
        raise ParamsError(f"{_FILE}: expected deployments with name and cron, found: {said}") from None
    for name, crons in found.items():
        for cron in crons:
            _check(name, cron)
    return found


def next_start(client: SyncPrefectClient, name: str) -> datetime | None:
    """When Prefect's server has planned to run the deployment of that name, which has a schedule, next: UTC.

    None where no run is planned: an error in Prefect's scheduler is only in the server's log.
    """
    until = time.monotonic() + _PLANNED_S
    while True:
        runs = client.read_flow_runs(
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[name])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
                expected_start_time=FlowRunFilterExpectedStartTime(after_=datetime.now(UTC)),
                tags=FlowRunFilterTags(all_=["auto-scheduled"]),
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=1,
        )
        if runs:
            return runs[0].expected_start_time
        if time.monotonic() > until:
            return None
        time.sleep(_POLL_S)


def _check(name: str, cron: str) -> None:
    try:
        CronSchedule(cron=cron, timezone="UTC")
    except ValidationError:
        raise ParamsError(
            f"{_FILE}: {name}: expected a cron expression such as '0 2 * * *' (every night at 2:00 UTC), "
            f"found {cron!r}; correct it and run: make serve"
        ) from None
