"""The promoted model, tracked by a real DVC: promoted, changed by hand, gone back from."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import PawtraceError
from pawtrace.config.params import Params
from pawtrace.evaluation.predictions import read_predictions
from pawtrace.promotion.judge import judge
from pawtrace.promotion.promote import promote, rollback
from pawtrace.promotion.status import promoted_status
from pawtrace.promotion.switch import link_promoted
from pawtrace.promotion.tracking import read_pointer
from tests.conftest import ROOT, WriteParams
from tests.promotion.folders import MARGIN, names, predictions, write_model, write_resolved

pytestmark = pytest.mark.slow

GOOD, POOR = "from_scratch_normalized", "from_scratch"
PROMOTED = Path("models/promoted")


def run(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the project below is kept for the tests after the first."""
    return tmp_path_factory.mktemp("prepared") / "project"


@pytest.fixture
def params(write_params: WriteParams, project: Path, prepared: Path) -> Params:
    """A DVC project with a good and a poor model, and a report that depends on all of models/."""
    params = write_params()
    if not prepared.exists():
        make_project(params)
        shutil.copytree(project, prepared, symlinks=True)
    shutil.copytree(prepared, project, symlinks=True, dirs_exist_ok=True)
    return params


def make_project(params: Params) -> None:
    for name in (".gitignore", ".dvcignore"):
        Path(name).write_text((ROOT / name).read_text())
    run("git", "init", "-q")
    run("dvc", "init", "-q")
    run("dvc", "config", "core.analytics", "false")
    write_resolved(params)
    write_model(Path("models") / POOR, predictions(names(0, 1000), 60))
    write_model(Path("models") / GOOD, predictions(names(0, 1000), 20))
    Path("dvc.yaml").write_text("stages: {report: {cmd: ls models > report, deps: [models], outs: [report]}}")
    run("dvc", "repro", "-q")


def use(recipe: str, params: Params) -> None:
    promote(recipe, params, judge(Path("models") / recipe, PROMOTED, MARGIN))


def command(*words: str) -> object:
    with pytest.raises(SystemExit) as ending:
        main(words)
    return ending.value.code


def test_the_promoted_model_is_a_copy_with_its_record_and_dvc_tracks_it(params: Params) -> None:
    Path("models", POOR, "provenance.json").write_text("{}")
    run("dvc", "repro", "-q")
    use(POOR, params)
    found = {path.name for path in PROMOTED.iterdir()}
    assert found == {"model.keras", "predictions.csv", "evaluation.json", "provenance.json", "promoted.json"}
    assert (PROMOTED / "model.keras").read_bytes() == Path("models", POOR, "model.keras").read_bytes()
    record = json.loads((PROMOTED / "promoted.json").read_text())
    assert (record["recipe"], record["decision"]["verdict"]) == (POOR, "first")
    assert record["input"]["preprocess"] == params.preprocess.model_dump()
    assert json.loads(run("dvc", "status", "--json")) == {}  # the report is not stale either
    assert "promoted.dvc" in run("git", "status", "--short")
    assert promoted_status().problems == []


def test_going_back_restores_each_one_before_without_a_network(params: Params) -> None:
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
    with pytest.raises(PawtraceError, match="is the first promoted model; none was before it"):
        rollback()


def test_a_model_that_was_left_by_a_rollback_does_not_come_back_by_itself(params: Params) -> None:
    use(POOR, params)
    use(GOOD, params)
    rollback()
    decision = judge(Path("models") / GOOD, PROMOTED, MARGIN)
    assert (decision.verdict, decision.promote) == ("refused", False)
    assert "it was rolled back at" in decision.sentence
    use(GOOD, params)  # forced: asked for again
    rollback()
    use(POOR, params)
    assert judge(Path("models") / GOOD, PROMOTED, MARGIN).promote  # another promotion is a new start


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


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda: (PROMOTED / "model.keras").write_bytes(b"x"), "models/promoted/model.keras: changed"),
        (lambda: (PROMOTED / "extra").touch(), "models/promoted/extra: not of the promotion"),
        (lambda: (PROMOTED / "predictions.csv").unlink(), "models/promoted/predictions.csv: missing"),
        (lambda: (PROMOTED / "promoted.json").unlink(), "promoted.json is missing"),
        (
            lambda: (PROMOTED / "promoted.json").write_text(
                (PROMOTED / "promoted.json").read_text().replace("first one", "best one")
            ),
            "models/promoted is not the model of promoted.dvc",
        ),
        (
            lambda: Path("promoted").rename("gone"),
            "models/promoted is missing; run: dvc checkout promoted.dvc",
        ),
    ],
)
def test_status_names_what_was_done_by_hand_and_its_line_mends_it(
    params: Params, capsys: pytest.CaptureFixture[str], spoil: Callable[[], object], problem: str
) -> None:
    use(POOR, params)
    assert command("status") == 0
    spoil()
    assert command("status") == 1
    assert problem in capsys.readouterr().err
    run("dvc", "checkout", "--force", "promoted.dvc")
    assert command("status") == 0


def test_status_names_a_promotion_that_was_cut_off_and_its_line_mends_it(
    params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    use(POOR, params)
    copy = Path(".pawtrace/promoted")
    shutil.copytree(PROMOTED, copy)
    link_promoted(copy)
    assert command("status") == 1
    assert f"run: pawtrace promote --force {POOR}" in capsys.readouterr().err
    assert command("promote", "--force", POOR) == 0
    assert command("status") == 0


def test_status_says_what_is_in_use(params: Params, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("status") == 1
    assert capsys.readouterr().err == "pawtrace status: no model is promoted yet; run: pawtrace promote\n"
    use(POOR, params)
    use(GOOD, params)
    pointer = read_pointer()
    assert pointer is not None
    assert command("status") == 0
    said = capsys.readouterr().out
    for part in (GOOD, pointer.in_use_since, "98.0 %", f"before it      {POOR}", "98.0 % against 94.0 %"):
        assert part in said


@pytest.mark.usefixtures("params")
def test_the_command_promotes_refuses_and_can_be_forced(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("promote", GOOD) == 0
    assert command("promote", GOOD) == 0  # there is nothing to do
    assert "predicts exactly what the promoted model predicts" in capsys.readouterr().err
    assert command("promote", POOR) == 1
    assert f"{POOR} is not promoted: 94.0 % against 98.0 %" in capsys.readouterr().err
    assert command("promote", POOR, "--force") == 0
    assert f"promoted {POOR} (forced)" in capsys.readouterr().out
    assert command("rollback") == 0
    assert f"went back from {POOR}" in capsys.readouterr().out
    assert command("promote", "nope") == 2


@pytest.mark.usefixtures("params")
def test_a_model_of_other_params_is_not_promoted(write_params: WriteParams) -> None:
    edited = write_params({"evaluate": {"tta_views": 3}})
    with pytest.raises(PawtraceError, match="params.yaml: evaluate of .*dvc repro measure@from_scr"):
        use(POOR, edited)
    assert not PROMOTED.exists()


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
        with pytest.raises(PawtraceError, match=r"dvc add .*failed: ERROR.*then run: pawtrace status"):
            use(GOOD, params)
    assert read_pointer() == first
    assert promoted_status().problems
    use(GOOD, params)
    assert promoted_status().problems == []
    assert rollback()[1].recipe == POOR
