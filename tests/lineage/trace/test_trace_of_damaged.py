"""What is damaged, missing or odd is one line, and the rest is still answered."""

import contextlib
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import DataError
from pawtrace.lineage.trace import dvc_cache, trace_text
from pawtrace.running.lock import project_held
from tests.lineage.made_up_provenance import made_up_provenance
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import of, traced_between


def test_what_is_not_on_record_is_not_called_equal(traced: TracedProject) -> None:
    traced.num_right["plain"] = 70
    traced.run()
    Path("dvc.lock").unlink()
    Path("reports/provenance/plain.json").unlink()
    assert "there is no record of what they were made from" in of(traced_between(), "plain").why


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: "<<<<<<< HEAD\n" + text, "a merge conflict in line 1"),
        (lambda text: text[: len(text) // 2], "cut short or changed"),
        (lambda _: "just words", "cut short or changed"),
        (lambda _: "", "found it empty"),
        (
            lambda text: text.replace("outs:", "0uts:", 1).replace("md5: ", "md5: zz", 1),
            "cut short or changed",
        ),
        (lambda text: text.replace("path: data/raw", "path: ../../etc", 1), "outside of the project"),
        (lambda text: text.replace("data/raw", '"a\\nb"', 1), "cannot be printed"),
        (lambda text: "\ufffe\x00" + text, "cut short or changed"),
    ],
)
@pytest.mark.usefixtures("traced")
def test_a_damaged_lock_is_one_line_with_the_command_that_brings_it_back(
    damage: Callable[[str], str], said: str
) -> None:
    lock = Path("dvc.lock")
    whole = lock.read_text()
    lock.write_text(damage(whole))
    with pytest.raises(DataError, match=said) as caught:
        traced_between()
    assert "\n" not in str(caught.value)
    (command,) = re.findall(r"; run: (.*) && dvc repro$", str(caught.value))
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert lock.read_text() == whole
    assert of(traced_between(), "plain").verdict == "unchanged"


@pytest.mark.usefixtures("traced")
def test_while_a_run_works_a_lock_that_is_half_written_is_not_called_damaged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("dvc.lock").write_text("schema: '2.0'\nstages:\n  down")
    for held, said in (
        (
            project_held(wait=False, name="make repro"),
            r"a run is working in this project: process \d+ \(make repro\)",
        ),
        (contextlib.nullcontext(), "cut short or changed"),
    ):
        with held, pytest.raises(SystemExit) as ending:
            main(["trace"])
        assert ending.value.code == 2
        assert re.search(said, capsys.readouterr().err)


def test_of_a_merge_conflict_ours_comes_back(traced: TracedProject) -> None:
    traced.git("checkout", "-q", "-b", "theirs")
    traced.params["train"]["batch_size"] = 8
    traced.run()
    traced.commit("theirs")
    traced.git("checkout", "-q", "main")
    traced.params["train"]["batch_size"] = 32
    traced.run()
    traced.commit("ours")
    ours = Path("dvc.lock").read_text()
    with pytest.raises(subprocess.CalledProcessError):
        traced.git("merge", "theirs")
    with pytest.raises(DataError, match="a merge conflict in line") as caught:
        traced_between("HEAD~1")
    (command,) = re.findall(r"; run: (.*) && dvc repro$", str(caught.value))
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert Path("dvc.lock").read_text() == ours


def test_a_damaged_lock_that_was_committed_is_not_taken_back(traced: TracedProject) -> None:
    Path("dvc.lock").write_text("<<<<<<< HEAD\n")
    traced.commit("damaged")
    with pytest.raises(DataError, match="run: rm -f dvc.lock && dvc repro$"):
        traced_between("HEAD~1")
    with pytest.raises(DataError, match="^dvc.lock of HEAD .*compare with another commit$"):
        traced_between("HEAD", "HEAD~1")


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
    "content",
    [
        '{"test": {"accuracy": "0.9"}}',
        '{"test": {"accuracy": NaN}}',
        f'{{"test": {{"accuracy": 1{"0" * 400}}}}}',
        '{"a":' * 100_000,
        "[]",
        "\xff",
    ],
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
    dvc_cache._config.cache_clear()
    assert all("\n" not in problem for problem in traced_between("HEAD").problems)


def test_odd_names_of_files_are_read(traced: TracedProject) -> None:
    Path("pawtrace/learning/a\nb c.py").write_text("value = 1\n")
    traced.num_right["plain"] = 70
    traced.run()
    assert [c.what for c in of(traced_between(), "plain").causes] == ["pawtrace/learning/a\nb c.py"]


def test_a_revision_without_any_metrics_is_one_line(traced: TracedProject) -> None:
    for path in Path("reports/metrics").iterdir():
        path.unlink()
    traced.commit("none")
    with pytest.raises(DataError, match="expected metrics at HEAD .* run: dvc repro"):
        traced_between("HEAD", "workspace")
