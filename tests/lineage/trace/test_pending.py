"""What a revision holds that its metrics do not show."""

import copy
from pathlib import Path

import pytest
import yaml

from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import traced_between


def test_edits_that_were_not_run_are_pending(traced: TracedProject) -> None:
    Path("params.yaml").write_text(Path("params.yaml").read_text().replace("batch_size: 16", "batch_size: 4"))
    traced.write_code("pawtrace/learning", "value = 3\n")
    found = traced_between()
    assert {recipe.verdict for recipe in found.recipes} == {"unchanged"}
    assert found.pending == [
        "train.batch_size: 16 -> 4 (stage resolve)",
        "pawtrace/learning (stage train@plain)",
    ]


@pytest.mark.usefixtures("traced")
def test_params_that_are_no_yaml_are_pending() -> None:
    Path("params.yaml").write_text("train: [")
    assert traced_between().pending == ["params.yaml cannot be read; run: pawtrace check"]


def test_new_and_removed_params_and_recipes_are_pending(traced: TracedProject) -> None:
    params = copy.deepcopy(traced.params)
    params["train"]["momentum"] = 0.9
    del params["split"]["seed"]
    params["recipes"]["late"] = {"question": "?", "builds_on": "plain", "overrides": {}}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    pending = traced_between().pending
    assert "train.momentum: (none) -> 0.9 (stage resolve)" in pending
    assert "recipe late was never trained" in pending
    assert any(line.startswith("recipes.late.builds_on: (none) -> plain") for line in pending)


def test_a_small_number_is_the_same_in_lock_and_params(traced: TracedProject) -> None:
    traced.params["train"]["learning_rate"] = 0.00001
    traced.run()
    lock = Path("dvc.lock")
    lock.write_text(lock.read_text().replace("1.0e-05", "1e-05"))  # as DVC writes it
    traced.commit("small")
    found = traced_between()
    assert found.pending == []
    assert found.problems == []


def test_a_param_that_a_stage_watches_alone_stands_for_no_section(traced: TracedProject) -> None:
    lock = yaml.safe_load(Path("dvc.lock").read_text())
    lock["stages"]["download"]["params"]["params.yaml"] = {"data.sample_size": 200}
    Path("dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    traced.params["data"] = {"sample_size": 200, "sample_seed": 3}
    Path("params.yaml").write_text(yaml.safe_dump(traced.params))
    assert traced_between().pending == []
    traced.params["data"]["sample_size"] = 300
    Path("params.yaml").write_text(yaml.safe_dump(traced.params))
    assert traced_between().pending == ["data.sample_size: 200 -> 300 (stage download)"]
