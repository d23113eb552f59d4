"""A trace as people and programs read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pawtrace.lineage.trace import trace_text
from tests.conftest import ROOT
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import traced_between


def test_markdown_shows_text_as_it_is(traced: TracedProject) -> None:
    traced.write_code("pawtrace/learning", "value = 2\n")
    traced.params["train"]["note"] = "a | b\nc"
    traced.num_right["plain"] = 70
    traced.run()
    traced.commit("fix `x` </details> <b> @team | #1")
    text = trace_text.as_markdown(traced_between("HEAD~1", "HEAD"))
    assert text.count("</details>") == text.count("<details")
    assert "@team" not in text
    assert "<b>" not in text
    rows = [line for line in text.splitlines() if line.startswith("| plain")]
    assert [row.count("|") for row in rows] == [5]


def test_a_small_movement_is_shown_with_the_digits_that_moved(traced: TracedProject) -> None:
    traced.noise = 1e-5
    traced.run()
    assert "test.accuracy: 0.8 -> 0.80001" in trace_text.as_text(traced_between())


def test_a_gap_that_moves_is_shown(traced: TracedProject) -> None:
    traced.gap = 0.1
    traced.run()
    assert "gap: 0.0 points -> +10.0 points" in trace_text.as_text(traced_between())


def test_long_values_are_cut(traced: TracedProject) -> None:
    traced.params["train"]["augmentation"] = [
        {"name": f"Transform{n}", "arguments": {"p": 0.5}} for n in range(40)
    ]
    traced.num_right = {"plain": 60, "fast": 60}
    traced.run()
    assert max(map(len, trace_text.as_text(traced_between()).splitlines())) < 400


@pytest.mark.slow
def test_json_holds_everything_and_markdown_fits_a_comment(traced: TracedProject) -> None:
    many = {f"recipe_{n}": {"question": "?", "builds_on": "plain", "overrides": {}} for n in range(60)}
    traced.params["recipes"] |= many
    traced.num_right |= dict.fromkeys(many, 80)
    traced.examples |= {f"Cat/many{n}.jpg": ("train", "cat", f"m{n:015d}") for n in range(5000)}
    traced.run()
    traced.commit("many")
    traced.params["train"] |= {f"param_{n}": 1 for n in range(300)}
    traced.examples = dict(list(traced.examples.items())[:130])
    traced.num_right = dict.fromkeys(traced.num_right, 70)
    traced.run()
    found = traced_between()
    assert len(trace_text.as_markdown(found)) < 65_536
    content = json.loads(trace_text.as_json(found))
    assert len(content["recipes"]) == 62
    assert len(content["examples"]["removed"]) > 4000
    assert content["unexplained"] == []


@pytest.mark.slow  # starts the command
def test_the_workflows_step_of_a_pull_request_writes_a_comment_that_fits(traced: TracedProject) -> None:
    names = [f"recipe_{n}_{'x' * 200}" for n in range(200)]
    many = {name: {"question": "?", "builds_on": "plain", "overrides": {}} for name in names}
    traced.params["recipes"] |= many
    traced.num_right |= dict.fromkeys(many, 80)
    traced.run()
    traced.commit("many")
    traced.git("update-ref", "refs/remotes/origin/main", "HEAD")
    traced.num_right = dict.fromkeys(traced.num_right, 70)  # for no recorded reason
    traced.run()
    traced.commit("worse")
    workflow = (ROOT / ".github/workflows/metrics.yaml").read_text()
    steps = {step.get("name"): step for step in yaml.safe_load(workflow)["jobs"]["trace"]["steps"]}
    command = steps["Why did the metrics move?"]["run"].replace(
        ".venv/bin/", f"{Path(sys.executable).parent}/"
    )
    ended = subprocess.run(
        ["bash", "-e", "-c", command], env=os.environ | {"GITHUB_BASE_REF": "main"}, check=False
    )
    comment = Path("trace.md").read_text()
    assert ended.returncode == 1
    assert "UNEXPLAINED" in comment
    assert 10_000 < len(comment) < 65_536
    assert comment.count("<details") == comment.count("</details>")
