"""Why a metric moved: the cause is named, and what has none is called unexplained."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from pawtrace.config.errors import DataError
from pawtrace.lineage import trace_text
from pawtrace.lineage.fingerprints import fingerprint
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
    assert "at workspace, its metrics are not those" in of(found, "plain").why
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


def edit_by_hand(recipe: str = "plain") -> None:
    path = Path(f"reports/metrics/{recipe}.json")
    content = json.loads(path.read_text())
    content["test"]["accuracy"] = 0.99
    path.write_text(json.dumps(content))


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
    assert "no metrics of it; run: dvc repro report" in of(found, "plain").why


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


def test_what_is_not_on_record_is_not_called_equal(traced: TracedProject) -> None:
    traced.num_right["plain"] = 70
    traced.run()
    Path("dvc.lock").unlink()
    Path("reports/provenance/plain.json").unlink()
    assert of(traced_between(), "plain").why == "what it was made from is not on record"


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


@pytest.mark.parametrize(
    "content", ['{"test": {"accuracy": "0.9"}}', '{"test": {"accuracy": NaN}}', "[]", "\xff"]
)
@pytest.mark.usefixtures("traced")
def test_metrics_that_are_no_numbers_are_one_line(content: str) -> None:
    Path("reports/metrics/plain.json").write_text(content, encoding="latin-1")
    found = traced_between()
    assert [problem for problem in found.problems if "reports/metrics/plain.json" in problem]
    json.loads(trace_text.as_json(found), parse_constant=lambda word: pytest.fail(word))


@pytest.mark.usefixtures("traced")
def test_damaged_provenance_is_one_line() -> None:
    path = Path("reports/provenance/plain.json")
    content = json.loads(path.read_text())
    content["test"]["right"] = "zz"
    path.write_text(json.dumps(content))
    found = traced_between()
    assert len(found.problems) == 1
    assert "reports/provenance/plain.json of workspace" in found.problems[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/splits/train.csv", b"id,label\n\xff,cat\n"),
        ("models/plain/predictions.csv", b"split,id\ntest,a\n"),
    ],
)
def test_damaged_tables_are_one_line(traced: TracedProject, name: str, content: bytes) -> None:
    traced.params["split"]["seed"] = 7
    traced.examples["Cat/0.jpg"] = ("validation", "cat", "0" * 16)
    traced.num_right["plain"] = 60
    traced.run()
    Path(name).write_bytes(content)
    found = traced_between()
    assert [
        problem
        for problem in found.problems
        if f"{name} of workspace is damaged; run: pawtrace verify" in problem
    ]
    assert of(found, "plain").verdict == "explained"


@pytest.mark.parametrize("content", ["[cache]\n    dir = /nowhere/a%b\n", "<<<<<<< HEAD\n"])
def test_any_config_of_dvc_is_read_or_is_one_line(traced: TracedProject, content: str) -> None:
    traced.params["split"]["seed"] = 7
    traced.examples["Cat/0.jpg"] = ("validation", "cat", "0" * 16)
    traced.run()
    Path(".dvc/config").write_text(content)
    assert all("\n" not in problem for problem in traced_between("HEAD").problems)


def test_odd_names_of_files_are_read(traced: TracedProject) -> None:
    Path("pawtrace/learning/a\nb c.py").write_text("value = 1\n")
    traced.num_right["plain"] = 70
    traced.run()
    assert [c.what for c in of(traced_between(), "plain").causes] == ["pawtrace/learning/a\nb c.py"]


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


def test_long_values_are_cut(traced: TracedProject) -> None:
    traced.params["train"]["augmentation"] = [
        {"name": f"Transform{n}", "arguments": {"p": 0.5}} for n in range(40)
    ]
    traced.num_right = {"plain": 60, "fast": 60}
    traced.run()
    assert max(map(len, trace_text.as_text(traced_between()).splitlines())) < 400


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
