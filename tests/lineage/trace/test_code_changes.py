"""Code is a cause where it ran and its output changed, and is named with its commits; comments are none."""

from pathlib import Path

from pawtrace.lineage.trace import trace_text
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import of, traced_between


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
