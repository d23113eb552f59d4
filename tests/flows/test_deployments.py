"""prefect.yaml: what is committed can be deployed, and a wrong schedule is one line."""

import asyncio
import importlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from prefect.server.schemas.schedules import CronSchedule
from ruamel.yaml import YAML

from flows import deployments, serve
from flows.deployments import next_start, schedules
from pawtrace.base.errors import ParamsError
from tests.conftest import ROOT

DEPLOYMENTS: list[dict[str, Any]] = YAML(typ="safe").load((ROOT / "prefect.yaml").read_text())["deployments"]


def test_three_are_deployed_and_one_has_a_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert schedules() == {"rebuild-nightly": ["0 2 * * *"], "rebuild-on-demand": [], "ladder": []}


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_each_runs_a_flow_one_at_a_time_in_utc(deployment: dict[str, Any]) -> None:
    path, name = deployment["entrypoint"].split(":")
    flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert set(deployment.get("parameters", {})) <= set(flow.parameters.properties)
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert all(schedule["timezone"] == "UTC" for schedule in deployment.get("schedules", []))


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin"])
def test_the_server_of_the_installed_prefect_finds_the_times_of_a_cron_expression(timezone: str) -> None:
    schedule = CronSchedule(cron="0 2 * * *", timezone=timezone)
    first, second = asyncio.run(schedule.get_dates(2, start=datetime(2026, 1, 10, tzinfo=UTC)))
    assert (first.hour, second.hour) == (2, 2)
    assert second.date() - first.date() == timedelta(days=1)


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        ([datetime(2026, 3, 1, 2, tzinfo=UTC)], ", next at 2026-03-01 02:00 UTC"),
        ([], ": Prefect has planned NO run"),
    ],
)
def test_when_a_schedule_runs_next_is_said_or_that_it_never_does(
    planned: list[datetime], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployments, "_PLANNED_S", 0)
    monkeypatch.setattr(deployments, "_POLL_S", 0)
    runs = [Mock(expected_start_time=start) for start in planned]
    start = next_start(Mock(read_flow_runs=Mock(return_value=runs)), "rebuild-nightly")
    assert serve._next_run("rebuild-nightly", {"rebuild-nightly": start}).startswith(said)
    assert serve._next_run("rebuild-on-demand", {"rebuild-nightly": start}) == ""


@pytest.mark.parametrize("cron", ["every night", "0 2 * *", "61 2 * * *", ""])
def test_a_wrong_cron_expression_is_one_line(project: Path, cron: str) -> None:
    text = (ROOT / "prefect.yaml").read_text().replace("0 2 * * *", cron)
    (project / "prefect.yaml").write_text(text)
    found = re.escape(repr(cron))
    words = f"^prefect.yaml: rebuild-nightly: .*cron expression.*{found}"
    with pytest.raises(ParamsError, match=words) as error:
        schedules()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("text", "words"), [("a: [", "prefect.yaml: "), ("a: 1", "'deployments'")])
def test_what_is_no_list_of_deployments_is_one_line(project: Path, text: str, words: str) -> None:
    (project / "prefect.yaml").write_text(text)
    with pytest.raises(ParamsError, match=words):
        schedules()


@pytest.mark.usefixtures("project")
def test_a_missing_file_says_how_to_get_it_back() -> None:
    with pytest.raises(ParamsError, match="run: git checkout prefect.yaml"):
        schedules()
