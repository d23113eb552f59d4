"""The promoted model, tracked by a real DVC: promoted, changed by hand, gone back from."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pawtrace.base.errors import PawtraceError
from pawtrace.config.params import Params
from pawtrace.evaluation.predictions import read_predictions
from pawtrace.promotion import tracking
from pawtrace.promotion.candidate import candidate_of
from pawtrace.promotion.judge import judge
from pawtrace.promotion.promote import rollback
from pawtrace.promotion.status import promoted_status
from pawtrace.promotion.tracking import read_pointer
from pawtrace.running.dvc import ask_dvc
from tests.conftest import ROOT
from tests.promotion.dvc_project import GOOD, POOR, PROMOTED, command, run, use
from tests.promotion.folders import MARGIN, names

pytestmark = pytest.mark.slow


def test_the_promoted_model_is_a_copy_with_its_record_and_dvc_tracks_it(params: Params) -> None:
    use(POOR, params)
    found = {path.name for path in PROMOTED.iterdir()}
    recorded = {"predictions.csv", "evaluation.json", "provenance.json", "promoted.json"}
    assert found == {"model.keras", "model_card.md"} | recorded
    assert (PROMOTED / "model_card.md").read_text().startswith(f"# {POOR}, a promoted model")
    assert (PROMOTED / "model.keras").read_bytes() == Path("models", POOR, "model.keras").read_bytes()
    record = json.loads((PROMOTED / "promoted.json").read_text())
    assert (record["recipe"], record["decision"]["verdict"]) == (POOR, "first")
    assert record["input"]["preprocess"] == params.preprocess.model_dump()
    assert json.loads(run("dvc", "status", "--json")) == {}  # the report, which reads models/, is not stale
    assert "promoted.dvc" in run("git", "status", "--short")
    assert promoted_status().problems == []


def test_going_back_restores_each_one_before_without_a_network(params: Params) -> None:
    with pytest.raises(PawtraceError, match="no model is promoted yet; run: pawtrace promote"):
        rollback()
    use(POOR, params)
    first = (PROMOTED / "promoted.json").read_bytes()
    use(GOOD, params)
    use(POOR, params)
    for expected in (GOOD, POOR):
        left, back = rollback()
        assert back.recipe == expected != left.recipe
        assert read_predictions(PROMOTED / "predictions.csv")["test"].ids == names(0, 1000)
        assert promoted_status().problems == []
    assert (PROMOTED / "promoted.json").read_bytes() == first
    with pytest.raises(PawtraceError, match="is the first promoted model"):
        rollback()


def test_a_model_that_was_left_by_a_rollback_does_not_come_back_by_itself(params: Params) -> None:
    use(POOR, params)
    use(GOOD, params)
    rollback()
    decision = judge(candidate_of(GOOD, params), PROMOTED, MARGIN)
    assert (decision.verdict, decision.promote) == ("rolled_back", False)
    assert "it was rolled back at" in decision.sentence
    use(GOOD, params)  # forced: asked for again
    rollback()
    use(POOR, params)
    assert judge(candidate_of(GOOD, params), PROMOTED, MARGIN).promote  # another promotion is a new start


def test_the_promoted_model_is_never_absent(params: Params) -> None:
    run("dvc", "config", "cache.type", "symlink")  # DVC would replace the files by links, one by one
    use(POOR, params)
    done, absent = threading.Event(), []

    def watch() -> None:
        while not done.is_set():
            if not os.access(PROMOTED / "model.keras", os.R_OK):
                absent.append(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    use(GOOD, params)
    rollback()
    done.set()
    watcher.join()
    assert absent == []
    assert not (PROMOTED / "model.keras").is_symlink()


def test_a_rollback_whose_model_the_cache_has_lost_changes_nothing(params: Params) -> None:
    use(POOR, params)
    use(GOOD, params)
    for path in Path(".dvc/cache/files/md5").rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(PawtraceError, match=r"DVC's cache: expected .*git log -- promoted.dvc"):
        rollback()
    assert json.loads((PROMOTED / "promoted.json").read_text())["recipe"] == GOOD


@pytest.mark.usefixtures("params", "answers_as_recorded")
def test_the_command_promotes_refuses_and_can_be_forced(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("promote", GOOD) == 0
    assert command("promote", GOOD) == 0  # there is nothing to do
    assert f"{GOOD} is the promoted model already" in capsys.readouterr().out
    assert command("promote", POOR) == 1
    assert f"{POOR} is not promoted: 94.0 % against 98.0 %" in capsys.readouterr().err
    assert command("promote", POOR, "--force") == 0
    assert f"promoted {POOR} by --force; the comparison said: 94.0 %" in capsys.readouterr().out
    assert command("rollback") == 0
    assert f"went back from {POOR}" in capsys.readouterr().out
    assert command("promote", "nope") == 2


def test_nothing_is_promoted_or_rolled_back_while_another_run_is_at_work(
    params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    use(POOR, params)
    holding = (
        "import sys; from pawtrace.running.lock import project_held\n"
        "with project_held(wait=False, name='a run'): print('held', flush=True); sys.stdin.read()"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        for words in (["promote", GOOD], ["promote", "--force", GOOD], ["rollback"]):
            assert command(*words) == 2
            assert "another run is working" in capsys.readouterr().err
        other.stdin.close()
    assert json.loads((PROMOTED / "promoted.json").read_text())["recipe"] == POOR


@pytest.mark.usefixtures("answers_as_recorded")
def test_a_model_that_was_promoted_by_force_does_not_lower_the_bar(params: Params) -> None:
    use(GOOD, params)
    use(POOR, params)  # 4 points worse
    record = json.loads((PROMOTED / "promoted.json").read_text())
    assert record["best"]["recipe"] == GOOD
    assert promoted_status().problems == []
    assert any(line.startswith("best so far") and GOOD in line for line in promoted_status().lines)
    assert judge(candidate_of(POOR, params), PROMOTED, MARGIN).verdict == "same"
    assert command("promote", "--force", POOR) == 0  # once more: the best one is still known
    assert json.loads((PROMOTED / "promoted.json").read_text())["best"]["recipe"] == GOOD
    rollback()
    rollback()
    assert json.loads((PROMOTED / "promoted.json").read_text())["best"] is None


@pytest.mark.parametrize("words", [("status",), ("rollback",), ("promote",)])
def test_outside_of_a_project_a_command_cannot_do_its_work(
    project: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert command(*words) == 2
    assert re.search("(dvc.yaml|params.yaml).* run", capsys.readouterr().err)
    assert list(project.iterdir()) == []


def test_a_disk_that_is_full_for_dvc_is_named_and_promoting_again_mends_it(
    params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(POOR, params)
    first = read_pointer()
    python = Path("limited_python")
    python.write_text(f'#!/bin/bash\nulimit -f 16\nexec {sys.executable} "$@"\n')  # DVC's database is larger
    python.chmod(0o755)
    with monkeypatch.context() as full:
        full.setattr(sys, "executable", str(python.resolve()))
        full.setattr(tracking, "ask_dvc", ask_dvc)  # in a process that the limit concerns
        with pytest.raises(PawtraceError, match=r"dvc add .*failed: ERROR.*then run: pawtrace status"):
            use(GOOD, params)
    assert read_pointer() == first
    assert promoted_status().problems
    use(GOOD, params)
    assert promoted_status().problems == []
    assert rollback()[1].recipe == POOR
