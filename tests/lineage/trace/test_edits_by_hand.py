"""Metrics that somebody edited or deleted are unexplained, whatever else changed."""

import json
from pathlib import Path

import pytest

from pawtrace.base.files import fingerprint
from pawtrace.lineage.trace import trace_text
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import edit_by_hand, of, traced_between


@pytest.mark.usefixtures("traced")
def test_a_metric_edited_by_hand_is_unexplained() -> None:
    path = Path("reports/metrics/plain.json")
    path.write_text(path.read_text().replace("0.8", "0.99"))
    found = traced_between()
    assert found.unexplained == ["plain"]
    assert "the metrics at workspace are not those" in of(found, "plain").why
    assert "UNEXPLAINED" in trace_text.as_text(found)


def test_a_metric_edited_by_hand_is_unexplained_even_beside_a_real_change(traced: TracedProject) -> None:
    traced.params["train"]["batch_size"] = 8
    traced.run()
    path = Path("reports/metrics/plain.json")
    path.write_text(path.read_text().replace("0.8", "0.99"))
    traced.commit("edited")
    assert traced_between("HEAD~1", "HEAD").unexplained == ["plain"]


def test_without_provenance_an_edit_still_shows_in_dvcs_digest(traced: TracedProject) -> None:
    for path in Path("reports/provenance").iterdir():
        path.unlink()
    traced.commit("no provenance")
    path = Path("reports/metrics/plain.json")
    path.write_text(path.read_text().replace("0.8", "0.99"))
    assert traced_between().unexplained == ["plain"]


def test_an_edit_at_the_older_revision_is_unexplained_too(traced: TracedProject) -> None:
    edit_by_hand()
    traced.commit("edited")
    traced.params["train"]["batch_size"] = 8
    traced.run()
    found = traced_between()
    assert found.unexplained == ["plain"]
    assert "at HEAD" in of(found, "plain").why


def test_an_edit_of_metric_and_provenance_shows_in_dvcs_digest(traced: TracedProject) -> None:
    traced.params["train"]["batch_size"] = 8
    traced.run()
    edit_by_hand()
    path = Path("reports/provenance/plain.json")
    content = json.loads(path.read_text())
    content["metrics"] = fingerprint(json.loads(Path("reports/metrics/plain.json").read_text()))
    path.write_text(json.dumps(content))
    assert traced_between().unexplained == ["plain"]


def test_a_new_recipe_with_edited_metrics_is_unexplained(traced: TracedProject) -> None:
    traced.params["recipes"]["late"] = {"question": "?", "builds_on": "plain", "overrides": {}}
    traced.num_right["late"] = 70
    traced.run()
    edit_by_hand("late")
    assert traced_between().unexplained == ["late"]


@pytest.mark.usefixtures("traced")
def test_a_metrics_file_that_was_deleted_is_no_removed_recipe() -> None:
    Path("reports/metrics/plain.json").unlink()
    found = traced_between()
    assert found.unexplained == ["plain"]
    assert "no metrics of it; run: dvc repro measure@" in of(found, "plain").why
