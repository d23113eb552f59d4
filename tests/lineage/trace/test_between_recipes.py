"""`pawtrace trace RECIPE RECIPE`: what differs between two recipes, and how it moves their metrics."""

import json

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import DataError
from pawtrace.lineage.trace.between_recipes import are_recipes, trace_between_recipes
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import edit_by_hand


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["trace", *words])
    return ended.value.code


@pytest.mark.usefixtures("traced")
def test_what_differs_is_the_cause_of_the_difference() -> None:
    found = trace_between_recipes("plain", "fast")
    [entry] = found.recipes
    assert entry.verdict == "explained"
    assert [(c.what, c.old, c.new) for c in entry.changes] == [("train.learning_rate", "0.001", "0.01")]
    accuracy = next(movement for movement in entry.moved if movement.metric == "test.accuracy")
    assert (accuracy.old, accuracy.new) == (0.8, 0.85)
    assert accuracy.paired is not None
    assert accuracy.paired.difference == pytest.approx(0.05)
    assert found.pending == found.problems == []


def test_recipes_that_differ_in_nothing_and_yet_in_their_metrics_are_unexplained(
    traced: TracedProject, capsys: pytest.CaptureFixture[str]
) -> None:
    traced.params["recipes"]["fast"]["overrides"] = {}
    traced.run()
    assert run("plain", "fast") == 1
    assert "although no recorded input changed" in capsys.readouterr().out


@pytest.mark.usefixtures("traced")
def test_metrics_that_were_edited_by_hand_are_unexplained() -> None:
    edit_by_hand("plain")
    [entry] = trace_between_recipes("plain", "fast").recipes
    assert entry.verdict == "unexplained"


def test_a_recipe_without_metrics_names_the_command_that_makes_them(traced: TracedProject) -> None:
    traced.params["recipes"]["new"] = {"question": "?", "builds_on": "plain", "overrides": {}}
    (traced.folder / "params.yaml").write_text(json.dumps(traced.params))
    assert are_recipes("plain", "new")
    with pytest.raises(DataError, match="run: dvc repro measure@new"):
        trace_between_recipes("plain", "new")


@pytest.mark.usefixtures("traced")
def test_names_of_revisions_are_no_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert not are_recipes("HEAD", "workspace")
    assert run("nothing", "workspace") == 2
    assert "nothing: expected a git revision" in capsys.readouterr().err
    assert run("HEAD", "HEAD") == 0


@pytest.mark.usefixtures("traced")
def test_only_revisions_can_be_taken_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plain", "fast", "--attribute") == 2
    assert "expected two revisions" in capsys.readouterr().err


@pytest.mark.parametrize("names", [["plain"], ["plain", "HEAD"], ["fasst", "plain"]])
@pytest.mark.usefixtures("traced")
def test_one_recipe_alone_is_told_which_the_others_are(
    names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*names) == 2
    said = capsys.readouterr().err
    assert "expected two recipes or two revisions, found the recipe plain and " in said
    assert said.rstrip().endswith("the recipes are: fast, plain")


def test_a_branch_may_be_called_like_a_recipe(traced: TracedProject) -> None:
    traced.git("branch", "plain")
    assert not are_recipes("plain", "workspace")
