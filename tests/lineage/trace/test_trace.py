"""Why a metric moved: the cause is named, and what has none is called unexplained."""

import json
from pathlib import Path

import pytest
import yaml

from pawtrace.base.files import fingerprint
from pawtrace.lineage.trace import trace_text
from tests.lineage.made_up_provenance import made_up_provenance
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import edit_by_hand, of, traced_between


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


def test_a_run_with_uncommitted_code_is_told_by_its_provenance(traced: TracedProject) -> None:
    traced.write_code("pawtrace/learning", "value = 2\n")
    traced.num_right["plain"] = 70
    traced.run()
    traced.write_code("pawtrace/learning", "value = 1\n")  # ran, but was never committed
    Path("pawtrace/learning/other.py").write_text("# nothing\n")
    traced.commit("results alone")
    plain = of(traced_between("HEAD~1", "HEAD"), "plain")
    assert plain.verdict == "explained"
    assert [(c.what, c.commits) for c in plain.causes] == [
        ("pawtrace/learning/fit.py", ("not as committed there",))
    ]


def test_any_file_of_a_folder_of_code_can_be_a_cause(traced: TracedProject) -> None:
    Path("pawtrace/learning/table.csv").write_text("1")
    traced.run()
    traced.commit("one")
    Path("pawtrace/learning/table.csv").write_text("2")
    traced.num_right["plain"] = 70
    traced.run()
    assert [c.what for c in of(traced_between(), "plain").causes] == ["pawtrace/learning/table.csv"]


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


def test_code_is_the_cause_with_the_commits_that_touched_it(traced: TracedProject) -> None:
    traced.write_code("pawtrace/learning", "value = 2\n")
    traced.num_right["plain"] = 70
    traced.run()
    traced.commit("Value two")
    cause = of(traced_between("HEAD~1", "HEAD"), "plain").causes[0]
    assert (cause.kind, cause.what) == ("code", "pawtrace/learning/fit.py")
    assert [line.split(" ", 1)[1] for line in cause.commits] == ["Value two"]


def test_uncommitted_code_is_called_so(traced: TracedProject) -> None:
    traced.write_code("pawtrace/learning", "value = 2\n")
    traced.num_right["plain"] = 70
    traced.run()
    assert of(traced_between(), "plain").causes[0].commits == ("uncommitted",)


def test_comments_are_no_cause(traced: TracedProject) -> None:
    traced.write_code("pawtrace/learning", "# a comment\nvalue = 1\n")
    traced.num_right["plain"] = 70
    traced.run()
    found = traced_between()
    assert found.unexplained == ["plain"]
    assert [change.matters for change in of(found, "plain").changes] == [False]


def test_a_stage_whose_output_stayed_the_same_is_no_cause(traced: TracedProject) -> None:
    traced.write_code("stages/split.py", "value = 2\n")
    traced.num_right["plain"] = 70
    traced.run()
    found = traced_between()
    assert found.unexplained == ["plain"]
    assert "its output is the same" in trace_text.as_text(found)


def test_the_reports_code_explains_nothing_that_was_measured_before_it(traced: TracedProject) -> None:
    traced.write_code("stages/measure.py", "value = 2\n")
    traced.num_right["plain"] = 70
    traced.run()
    assert traced_between().unexplained == ["plain"]


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
