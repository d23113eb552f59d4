"""Why a metric moved: the cause is named, and what has none is called unexplained."""

import json
from pathlib import Path

import pytest

from pawtrace.config.errors import DataError
from pawtrace.lineage import trace_text
from pawtrace.lineage.revisions import open_revision
from pawtrace.lineage.trace import RecipeTrace, Trace, trace
from tests.lineage.made_up_provenance import made_up_provenance
from tests.lineage.traced_project import TracedProject


def traced_between(older: str = "HEAD", newer: str = "workspace") -> Trace:
    return trace(open_revision(older), open_revision(newer))


def of(found: Trace, recipe: str) -> RecipeTrace:
    return next(recipe_trace for recipe_trace in found.recipes if recipe_trace.recipe == recipe)


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
    assert of(found, "plain").edited
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
    assert "without effect" in trace_text.as_text(found)


def test_the_reports_code_explains_nothing_that_was_measured_before_it(traced: TracedProject) -> None:
    traced.write_code("stages/report.py", "value = 2\n")
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


def test_edits_that_were_not_run_are_pending(traced: TracedProject) -> None:
    Path("params.yaml").write_text(Path("params.yaml").read_text().replace("batch_size: 16", "batch_size: 4"))
    traced.write_code("pawtrace/learning", "value = 3\n")
    found = traced_between()
    assert {recipe.verdict for recipe in found.recipes} == {"unchanged"}
    assert found.pending == [
        "train.batch_size: 16 -> 4 (stage resolve)",
        "pawtrace/learning (stage train@plain)",
    ]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: "<<<<<<< HEAD\n" + text, "a merge conflict in line 1"),
        (lambda text: text[: len(text) // 2], "cut short or changed"),
        (lambda _: "just words", "cut short or changed"),
    ],
)
def test_a_damaged_lock_is_one_line_and_the_rest_is_still_answered(
    traced: TracedProject, damage: object, said: str
) -> None:
    traced.params["train"]["batch_size"] = 8
    traced.num_right["plain"] = 60
    traced.run()
    lock = Path("dvc.lock")
    lock.write_text(damage(lock.read_text()))  # type: ignore[operator]
    found = traced_between()
    assert len(found.problems) == 1
    assert said in found.problems[0]
    assert "\n" not in found.problems[0]
    assert of(found, "plain").verdict == "explained"
    assert [c.what for c in of(found, "plain").causes] == ["train.batch_size"]


def test_without_a_lock_data_and_modules_are_told_by_their_fingerprints(traced: TracedProject) -> None:
    recorded = made_up_provenance("plain")
    traced.provenance = {
        "data": recorded.data.model_copy(update={"splits": "other"}),
        "code": recorded.code.model_copy(update={"modules": {"pawtrace/learning/fit.py": "other"}}),
    }
    traced.num_right["plain"] = 60
    traced.run()
    Path("dvc.lock").unlink()
    plain = of(traced_between(), "plain")
    assert [c.what for c in plain.causes] == ["data/splits", "pawtrace/learning/fit.py"]
    assert plain.first_stage == "split"


def test_missing_cache_objects_are_one_line_and_the_rest_is_still_answered(traced: TracedProject) -> None:
    traced.params["split"]["seed"] = 7
    traced.examples["Cat/0.jpg"] = ("validation", "cat", "0" * 16)
    traced.num_right["plain"] = 60
    traced.run()
    traced.commit("another split")
    traced.empty_cache()
    found = traced_between("HEAD~1", "HEAD")
    assert [problem for problem in found.problems if "data/splits" in problem]
    assert all("run: dvc pull" in problem and "\n" not in problem for problem in found.problems)
    plain = of(found, "plain")
    assert plain.verdict == "explained"
    assert plain.moved[0].paired is not None  # from the provenance


@pytest.mark.usefixtures("traced")
def test_metrics_that_are_no_json_are_one_line() -> None:
    Path("reports/metrics/plain.json").write_text('{"test": {')
    found = traced_between()
    assert "reports/metrics/plain.json of workspace" in found.problems[0]
    assert of(found, "fast").verdict == "unchanged"


def test_a_revision_without_any_metrics_is_one_line(traced: TracedProject) -> None:
    for path in Path("reports/metrics").iterdir():
        path.unlink()
    traced.commit("none")
    with pytest.raises(DataError, match="expected metrics at HEAD .* run: dvc repro"):
        traced_between("HEAD", "workspace")


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
