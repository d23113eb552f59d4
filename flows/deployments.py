"""What prefect.yaml deploys, read before anything is started: a wrong schedule gives one clear line."""

from pathlib import Path
from typing import Any

from prefect.client.schemas.schedules import CronSchedule
from pydantic import ValidationError

from pawtrace.base.errors import ParamsError
from pawtrace.base.yaml_files import read_yaml

_FILE = Path("prefect.yaml")


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


def _check(name: str, cron: str) -> None:
    try:
        CronSchedule(cron=cron, timezone="UTC")
    except ValidationError:
        raise ParamsError(
            f"{_FILE}: {name}: expected a cron expression such as '0 2 * * *' (every night at 2:00 UTC), "
            f"found {cron!r}; correct it and run: make serve"
        ) from None
