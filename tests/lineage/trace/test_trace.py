"""Why a metric moved: the cause is named, and what has none is called unexplained."""

from pathlib import Path

import pytest
import yaml

from pawtrace.lineage.trace import trace_text
from tests.lineage.made_up_provenance import made_up_provenance
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import of, traced_between


@pytest.mark.usefixtures("traced")
def test_the_same_revision_twice_changed_nothing() -> None:
    found = traced_between()
    assert [recipe.verdict for recipe in found.recipes] == ["unchanged", "unchanged"]
    assert found.problems == []
    assert found.pending == []


def test_a_param_of_the_baseline_is_the_cause_for_every_recipe(traced: TracedProject) -> None:
    traced.params["train"]["batch_size"] = 8
    traced.num_right = {"plain": 60, "fast": 95}
    traced.run()
    found = traced_between()
    for recipe in found.recipes:
        assert recipe.verdict == "explained"
        assert [(c.what, c.old, c.new) for c in recipe.causes] == [("train.batch_size", "16", "8")]
        assert recipe.first_stage == f"train@{recipe.recipe}"


def test_a_recipes_override_concerns_that_recipe_alone(traced: TracedProject) -> None:
    traced.params["recipes"]["fast"]["overrides"]["train"]["learning_rate"] = 0.1
    traced.num_right["fast"] = 50
    traced.run()
    found = traced_between()
    assert of(found, "plain").verdict == "unchanged"
    assert [c.what for c in of(found, "fast").causes] == ["train.learning_rate"]


def test_another_recipes_override_explains_nothing(traced: TracedProject) -> None:
    traced.params["recipes"]["fast"]["overrides"]["train"]["learning_rate"] = 0.1
    traced.num_right["plain"] = 50
    traced.run()
    assert traced_between().unexplained == ["plain"]


def test_a_question_is_no_cause(traced: TracedProject) -> None:
    traced.params["recipes"]["plain"]["question"] = "Another?"
    traced.num_right["plain"] = 50
    traced.run()
    assert traced_between().unexplained == ["plain"]


def test_locks_of_before_the_stage_resolve_have_the_same_params(traced: TracedProject) -> None:
    lock = yaml.safe_load(Path("dvc.lock").read_text())
    params = lock["stages"].pop("resolve")["params"]["params.yaml"]
    for recipe in ("plain", "fast"):
        overrides = {recipe: {"overrides": params["recipes"][recipe]["overrides"]}}
        lock["stages"][f"train@{recipe}"]["params"] = {"params.yaml": {**params, "recipes": overrides}}
    Path("dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    for path in Path("reports/provenance").iterdir():
        path.unlink()
    traced.commit("as it was once")
    traced.run()
    found = traced_between()
    assert [recipe.changes for recipe in found.recipes] == [[], []]


def test_data_that_changed_without_a_recorded_input_is_a_change(traced: TracedProject) -> None:
    for number in range(50):
        traced.examples[f"Cat/t{2 * number}.jpg"] = ("test", "cat", f"x{number:015d}")
    traced.num_right["plain"] = 70
    traced.run()
    found = traced_between()
    plain = of(found, "plain")
    assert [(c.stage, c.kind, c.what) for c in plain.causes] == [("split", "data", "data/splits")]
    assert found.examples is not None
    assert len(found.examples.replaced) == 50
    paired = plain.moved[0].paired
    assert paired is not None
    assert paired.num_examples == 50  # those with other pixels are no pairs


def test_an_override_of_a_whole_mapping_or_list_is_compared_as_a_whole(traced: TracedProject) -> None:
    traced.params["train"]["early_stopping"] = {"patience": 2}
    traced.params["recipes"]["fast"]["overrides"]["train"]["early_stopping"] = None
    traced.run()
    traced.commit("none")
    for path in Path("reports/provenance").iterdir():
        path.unlink()
    traced.commit("no provenance")
    traced.params["recipes"]["fast"]["overrides"]["train"]["early_stopping"] = {"patience": 3}
    traced.run()
    changes = {(c.what, c.old, c.new) for c in of(traced_between(), "fast").changes}
    assert changes == {
        ("train.early_stopping", "null", "(none)"),
        ("train.early_stopping.patience", "(none)", "3"),
    }


def test_a_metric_that_moved_by_itself_is_unexplained(traced: TracedProject) -> None:
    traced.num_right["plain"] = 70
    traced.run()
    assert traced_between().unexplained == ["plain"]


def test_inputs_that_moved_nothing_are_told(traced: TracedProject) -> None:
    traced.params["train"]["batch_size"] = 8
    traced.run()
    found = traced_between()
    assert {recipe.verdict for recipe in found.recipes} == {"unmoved"}
    assert "inputs changed, metrics did not move" in trace_text.as_text(found)


def test_a_library_or_a_device_is_a_cause(traced: TracedProject) -> None:
    machine = made_up_provenance("plain").machine.model_copy(update={"device": "gpu"})
    traced.provenance = {"libraries": {"keras": "3.16.0", "tensorflow": "2.21.0"}, "machine": machine}
    traced.num_right["plain"] = 70
    traced.run()
    causes = of(traced_between(), "plain").causes
    assert [(c.kind, c.what, c.new) for c in causes] == [
        ("environment", "keras", "3.16.0"),
        ("environment", "device", "gpu"),
    ]


def test_the_first_stage_whose_inputs_differ_is_named(traced: TracedProject) -> None:
    traced.params["split"]["seed"] = 7
    traced.params["train"]["batch_size"] = 8
    traced.examples["Cat/0.jpg"] = ("validation", "cat", "0" * 16)
    traced.num_right["plain"] = 70
    traced.run()
    assert of(traced_between(), "plain").first_stage == "split"


def test_examples_are_counted_and_named(traced: TracedProject) -> None:
    traced.params["data"]["sample_size"] = 201
    traced.examples["Cat/new.jpg"] = ("train", "cat", "n" * 16)
    del traced.examples["Cat/1.jpg"]
    del traced.examples["Cat/2.jpg"]  # moved to the other folder: a relabelling
    traced.examples["Dog/2.jpg"] = ("train", "dog", f"{2:016d}")
    traced.examples["Cat/3.jpg"] = ("validation", "cat", f"{3:016d}")
    traced.examples["Cat/4.jpg"] = ("train", "cat", "x" * 16)
    traced.num_right["plain"] = 70
    traced.run()
    found = traced_between()
    assert found.examples is not None
    assert found.examples._asdict() == {
        "added": ["Cat/new.jpg"],
        "removed": ["Cat/1.jpg"],
        "relabelled": ["Cat/2.jpg -> Dog/2.jpg: cat -> dog"],
        "moved": ["Cat/3.jpg: train -> validation"],
        "replaced": ["Cat/4.jpg"],
    }
    assert of(found, "plain").first_stage == "download"


def test_a_new_recipe_and_a_removed_one_have_nothing_to_compare(traced: TracedProject) -> None:
    traced.params["recipes"]["late"] = {"question": "?", "builds_on": "plain", "overrides": {}}
    traced.num_right["late"] = 70
    traced.run()
    traced.commit("late")
    assert of(traced_between("HEAD~1", "HEAD"), "late").verdict == "added"
    assert of(traced_between("HEAD", "HEAD~1"), "late").verdict == "removed"


@pytest.mark.parametrize(("in_params", "verdict"), [(False, "removed"), (True, "unexplained")])
def test_a_recipe_without_metrics_is_removed_if_params_no_longer_have_it(
    traced: TracedProject, in_params: bool, verdict: str
) -> None:
    for kind in ("metrics", "provenance"):
        Path(f"reports/{kind}/fast.json").unlink()
    if not in_params:  # dvc.lock keeps its stages
        del traced.params["recipes"]["fast"]
        Path("params.yaml").write_text(yaml.safe_dump(traced.params))
    assert of(traced_between(), "fast").verdict == verdict
