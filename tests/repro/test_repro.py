"""`make repro` as a whole: verdicts before the report, the summary, colours, `V=1`."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.report.ladder import climb
from pawtrace.repro import __main__ as repro
from pawtrace.repro.colours import colours_of
from pawtrace.repro.verdict_line import verdict_line
from pawtrace.results.data_summary import read_data_summary
from pawtrace.results.number_words import percent
from pawtrace.results.results import read_results
from pawtrace.running.dvc import Ended, Say
from pawtrace.running.lock import ProjectBusyError, project_held
from tests.conftest import ROOT, WriteParams
from tests.repro.test_screen import UPDATED, Terminal
from tests.results.finished_project import finish_project


@pytest.fixture
def recipes(project: Path) -> list[str]:
    """The recipes of a project in which all but the report has run."""
    subprocess.run(["git", "init", "-q"], check=True)
    names = finish_project(project)
    metrics = {"test": {"accuracy": 0.9, "ci_low": 0.8, "ci_high": 1.0}, "gap": 0.0}
    Path("reports/metrics").mkdir()
    for name in names:
        Path(f"reports/metrics/{name}.json").write_text(json.dumps(metrics))
    return names


def test_the_verdict_is_the_one_that_the_report_gives(recipes: list[str]) -> None:
    params, paint = load_params(), colours_of(io.StringIO())
    lines = [verdict_line(recipe, params, paint) for recipe in recipes]
    data = read_data_summary(paths.RAW, paths.SPLITS, paths.REPORTS / "data.json")
    for rung, line in zip(climb(params, read_results(params), data), lines, strict=True):
        assert line.startswith(f"{rung.recipe}: {percent(rung.test_accuracy)} (")
        assert line.endswith(f"), {rung.verdict.words}: {rung.verdict.cause}")


def test_a_recipe_that_cannot_be_read_says_why_it_has_no_verdict(recipes: list[str]) -> None:
    Path(f"models/{recipes[0]}/predictions.csv").unlink()
    line = verdict_line(recipes[0], load_params(), colours_of(io.StringIO()))
    assert "its verdict is not known yet: " in line
    assert "predictions.csv" in line


@pytest.mark.parametrize(("code", "is_summed_up"), [(0, True), (255, False)])
def test_a_run_ends_with_a_summary_unless_it_failed(
    code: int,
    is_summed_up: bool,
    recipes: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def dvc(words: list[str], say: Say, **_: object) -> Ended:
        assert words == ["repro"]
        with pytest.raises(ProjectBusyError, match="make repro"), project_held(wait=False):
            pytest.fail("both held it")
        for line in (f"Running stage 'measure@{recipes[0]}':", UPDATED):
            say(line)
        return Ended(code, [])

    monkeypatch.setattr(repro, "run_dvc", dvc)
    assert repro.main() == int(code != 0)
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].startswith(f"  {recipes[0]}: ")
    summary = printed[2:]
    assert bool(summary) == is_summed_up
    if is_summed_up:
        assert summary[1].split()[:2] == ["recipe", "accuracy"]
        assert [line.split()[0] for line in summary[2 : 2 + len(recipes)]] == recipes
        assert f"The report: {Path('reports/report.html').resolve().as_uri()}" in summary
        assert summary[-1] == "  git commit -m 'Results of make repro'"


def test_verbose_shows_every_line(
    recipes: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def dvc(words: list[str], say: Say, **_: object) -> Ended:
        del words
        say("> python -m stages.measure")
        return Ended(1, [])

    monkeypatch.setenv("PAWTRACE_VERBOSE", "1")
    monkeypatch.setattr(repro, "run_dvc", dvc)
    repro.main()
    assert recipes
    assert capsys.readouterr().out == "> python -m stages.measure\n"


@pytest.mark.parametrize(
    ("variable", "value", "is_painted"),
    [("TERM", "xterm", True), ("NO_COLOR", "1", False), ("TERM", "dumb", False)],
)
def test_colours_are_for_terminals_that_have_them(
    variable: str, value: str, is_painted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv(variable, value)
    assert (colours_of(Terminal())("dead", "bad") != "dead") == is_painted
    assert colours_of(io.StringIO())("dead", "bad") == "dead"


def test_make_runs_it_and_hands_the_loudness_on() -> None:
    command = ["make", "--print-data-base", "--dry-run", "repro", "V=1"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert "python -m pawtrace.repro" in printed
    assert "repro: PAWTRACE_VERBOSE := 1" in printed


STAGE = """
import sys, time
print("epoch 1: loss 0.6", flush=True)
print("begun", file=open("begun", "w"))
try:
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
    print("pawtrace resolve: interrupted; finished work is kept", file=sys.stderr)
    sys.exit(130)
"""


@pytest.mark.slow
def test_after_ctrl_c_the_stage_has_the_last_word(write_params: WriteParams, project: Path) -> None:
    write_params()
    Path("stage.py").write_text(STAGE)
    Path("dvc.yaml").write_text("stages: {resolve: {cmd: python stage.py, outs: [made]}}")
    for command in (("git", "init", "-q"), (sys.executable, "-m", "dvc", "init", "-q")):
        subprocess.run(command, check=True)
    with subprocess.Popen(
        [sys.executable, "-m", "pawtrace.repro"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a process group of its own, as in a terminal
        text=True,
    ) as repro_process:
        while not (project / "begun").exists():
            time.sleep(0.05)
        os.killpg(repro_process.pid, signal.SIGINT)
        assert repro_process.stdout is not None
        first, ours, of_dvc, last = repro_process.stdout.read().splitlines()
    assert first.startswith("[1 of ")
    assert ours == "  pawtrace resolve: interrupted; finished work is kept"
    assert of_dvc.startswith("ERROR: failed to reproduce 'resolve'")
    assert last == "To continue, run: make repro"
    assert repro_process.returncode == 1
