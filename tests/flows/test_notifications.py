"""automations.yaml: who is told, and of what."""

from pathlib import Path

import pytest

from flows.notifications import read_automations
from flows.rebuild import REFUSED
from pawtrace.base.errors import ParamsError
from tests.conftest import ROOT


def test_what_is_committed_tells_nobody_until_somebody_names_a_block() -> None:
    assert read_automations(ROOT / "automations.yaml").block is None


def test_failed_crashed_late_runs_and_refusals_are_told() -> None:
    automations = read_automations(ROOT / "automations.yaml").automations
    events = {event for automation in automations for event in automation.events}
    states = {f"prefect.flow-run.{state}" for state in ("Failed", "Crashed", "Late")}
    assert events == {REFUSED, *states}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("block: slack", "automations.yaml: block: .*'slack'"),
        ("block: null\nautomations: [{name: a, events: [], subject: b, body: c}]", "automations.0.events: "),
        ("blok: null\nautomations: []", "automations.yaml: "),
        ("block: [", "automations.yaml: .*YAML"),
    ],
)
def test_a_wrong_file_is_one_line(project: Path, text: str, words: str) -> None:
    (project / "automations.yaml").write_text(text)
    with pytest.raises(ParamsError, match=words) as error:
        read_automations()
    assert "\n" not in str(error.value)
