"""The promoted model, tracked by a real DVC: promoted, changed by hand, gone back from."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import ParamsError, PawtraceError
from pawtrace.commands import promote as command_promote
from pawtrace.config.params import Params
from pawtrace.config.sections import SPLITS
from pawtrace.dataset.splitting.splits import write_manifest
from pawtrace.evaluation.predictions import read_predictions
from pawtrace.promotion.candidate import candidate_of
from pawtrace.promotion.judge import judge
from pawtrace.promotion.promote import promote, rollback
from pawtrace.promotion.status import promoted_status
from pawtrace.promotion.switch import link_promoted
from pawtrace.promotion.tracking import read_pointer
from tests.conftest import ROOT, WriteParams
from tests.promotion.folders import MARGIN, names, predictions, write_model

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


# The stages that decide what a model was made from; none is run: `dvc commit` records what the tests wrote.
PIPELINE = """
stages:
  download: {cmd: "true", params: [data], outs: [data/raw]}
  split: {cmd: "true", params: [split], deps: [data/raw], outs: [data/splits]}
  preprocess: {cmd: "true", params: [preprocess], deps: [data/raw, data/splits], outs: [data/records]}
  train:
    foreach: ${recipes}
    do: {cmd: "true", deps: [data/records], outs: ["models/${key}"]}
  measure:
    foreach: ${recipes}
    do: {cmd: "true", deps: ["models/${key}", data/splits], outs: ["reports/evaluations/${key}.json"]}
  report:
    cmd: "true"
    deps: [models, reports/evaluations]
    outs: [reports/diagnosis: {cache: false}]
"""


def make_project(params: Params) -> None:
    for name in (".gitignore", ".dvcignore"):
        Path(name).write_text((ROOT / name).read_text())
    run("git", "init", "-q")
    run("dvc", "init", "-q")
    run("dvc", "config", "core.analytics", "false")
    for folder in ("raw", "splits", "records"):
        Path("data", folder).mkdir(parents=True)
        Path("data", folder, "made").write_text(folder)
    for split in SPLITS:
        write_manifest(Path(f"data/splits/{split}.csv"), [])
    Path("reports/diagnosis").mkdir(parents=True)
    for recipe, num_wrong in ((POOR, 60), (GOOD, 20)):
        write_model(Path("models") / recipe, predictions(names(0, 1000), num_wrong), params=params)
        Path(f"reports/diagnosis/{recipe}.json").write_text(json.dumps({"verdict": "healthy"}))
    Path("dvc.yaml").write_text(PIPELINE)
    run("dvc", "commit", "-f")


def use(recipe: str, params: Params) -> None:
    candidate = candidate_of(recipe, params)
    promote(candidate, judge(candidate, PROMOTED, MARGIN))


def command(*words: str) -> object:
    with pytest.raises(SystemExit) as ending:
        main(words)
    return ending.value.code


def test_the_promoted_model_is_a_copy_with_its_record_and_dvc_tracks_it(params: Params) -> None:
    use(POOR, params)
    found = {path.name for path in PROMOTED.iterdir()}
    assert found == {"model.keras", "predictions.csv", "evaluation.json", "provenance.json", "promoted.json"}
    assert (PROMOTED / "model.keras").read_bytes() == Path("models", POOR, "model.keras").read_bytes()
    record = json.loads((PROMOTED / "promoted.json").read_text())
    assert (record["recipe"], record["decision"]["verdict"]) == (POOR, "first")
    assert record["input"]["preprocess"] == params.preprocess.model_dump()
    assert json.loads(run("dvc", "status", "--json")) == {}  # the report, which reads models/, is not stale
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
    decision = judge(candidate_of(GOOD, params), PROMOTED, MARGIN)
    assert (decision.verdict, decision.promote) == ("refused", False)
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


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda: (PROMOTED / "model.keras").write_bytes(b"x"), "models/promoted/model.keras: changed"),
        (lambda: (PROMOTED / "extra").touch(), "models/promoted/extra: not of the promotion"),
        (lambda: (PROMOTED / "predictions.csv").unlink(), "models/promoted/predictions.csv: missing"),
        (lambda: (PROMOTED / "promoted.json").unlink(), "promoted.json is missing"),
        (
            lambda: (PROMOTED / "promoted.json").write_text(
                (PROMOTED / "promoted.json").read_text().replace("no model", "nothing")
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


@pytest.mark.usefixtures("_answers_as_recorded")
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


@pytest.fixture
def _answers_as_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models of this file are no networks; what is asked of real ones: test_recorded_answers.py."""
    monkeypatch.setattr(command_promote, "check_model", lambda _: None)


@pytest.mark.usefixtures("params", "_answers_as_recorded")
def test_the_command_promotes_refuses_and_can_be_forced(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("promote", GOOD) == 0
    assert command("promote", GOOD) == 0  # there is nothing to do
    assert f"{GOOD} is the promoted model already" in capsys.readouterr().out
    assert command("promote", POOR) == 1
    assert f"{POOR} is not promoted: 94.0 % against 98.0 %" in capsys.readouterr().err
    assert command("promote", POOR, "--force") == 0
    assert f"promoted {POOR} (forced)" in capsys.readouterr().out
    assert command("rollback") == 0
    assert f"went back from {POOR}" in capsys.readouterr().out
    assert command("promote", "nope") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluate": {"tta_views": 3}},
        {"train": {"batch_size": 17}},
        {"probe": {"num_overfit_steps": 16}},
        {"preprocess": {"jpeg_quality": 30}},
        {"split": {"seed": 5}},
        {"data": {"sample_size": 90}},
    ],
)
@pytest.mark.usefixtures("params")
def test_a_model_of_other_params_is_not_promoted(write_params: WriteParams, changes: dict[str, Any]) -> None:
    ((section, values),) = changes.items()
    (key,) = values
    with pytest.raises(ParamsError, match=rf"params.yaml: {section}.{key}.*dvc repro measure@{POOR}"):
        use(POOR, write_params(changes))
    assert not PROMOTED.exists()


def test_params_that_no_model_was_made_from_may_be_edited(params: Params, write_params: WriteParams) -> None:
    use(POOR, write_params({"promote": {"margin": 0.3}, "rebuild": {"num_retries": 1}}))
    model_input = json.loads((PROMOTED / "promoted.json").read_text())["input"]
    assert model_input["preprocess"] == params.preprocess.model_dump()
    assert [transform["name"] for transform in model_input["augmentation"]] == ["HorizontalFlip", "Affine"]


@pytest.mark.parametrize(
    ("path", "spoil"),
    [
        (f"models/{POOR}/model.keras", lambda path: path.write_bytes(b"")),
        (f"models/{POOR}/predictions.csv", lambda path: path.write_text("split,id,label,probability")),
        (f"models/{POOR}/notes.txt", lambda path: path.touch()),
        (f"reports/evaluations/{POOR}.json", lambda path: path.write_text('{"metrics": {}}')),
    ],
)
def test_what_dvc_did_not_record_is_not_promoted_even_by_force(
    params: Params, capsys: pytest.CaptureFixture[str], path: str, spoil: Callable[[Path], object]
) -> None:
    Path(path).unlink(missing_ok=True)  # it may be a link to DVC's cache
    spoil(Path(path))
    with pytest.raises(PawtraceError, match="dvc.lock.*run: pawtrace verify"):
        use(POOR, params)
    assert command("promote", POOR, "--force") == 2
    assert "dvc.lock" in capsys.readouterr().err
    assert not PROMOTED.exists()


def test_a_model_of_records_that_were_replaced_since_is_not_promoted(params: Params) -> None:
    Path("data/records/made").unlink()
    Path("data/records/made").write_text("other records")
    run("dvc", "commit", "-f", "preprocess")
    with pytest.raises(PawtraceError, match=rf"data/records: .*run: dvc repro measure@{POOR}"):
        use(POOR, params)


def test_a_diagnosis_of_another_training_is_none(params: Params) -> None:
    evaluation = Path(f"reports/evaluations/{GOOD}.json")
    content = evaluation.read_text()
    evaluation.unlink()
    evaluation.write_text(content.replace("0.98", "0.97"))
    run("dvc", "commit", "-f", f"measure@{GOOD}")
    candidate = candidate_of(GOOD, params)
    assert candidate.verdict is None
    assert judge(candidate, PROMOTED, MARGIN).verdict == "refused"


def test_a_file_that_changes_while_it_is_promoted_is_not_in_use(params: Params) -> None:
    use(POOR, params)
    candidate = candidate_of(GOOD, params)
    decision = judge(candidate, PROMOTED, MARGIN)
    model = Path(f"models/{GOOD}/model.keras")
    model.unlink()
    model.write_bytes(b"of a stage that ended meanwhile")
    with pytest.raises(PawtraceError, match="expected what dvc.lock recorded"):
        promote(candidate, decision)
    assert json.loads((PROMOTED / "promoted.json").read_text())["recipe"] == POOR
    assert promoted_status().problems == []


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
            assert "another run is at work" in capsys.readouterr().err
        other.stdin.close()
    assert json.loads((PROMOTED / "promoted.json").read_text())["recipe"] == POOR


@pytest.mark.usefixtures("_answers_as_recorded")
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
        with pytest.raises(PawtraceError, match=r"dvc add .*failed: ERROR.*then run: pawtrace status"):
            use(GOOD, params)
    assert read_pointer() == first
    assert promoted_status().problems
    use(GOOD, params)
    assert promoted_status().problems == []
    assert rollback()[1].recipe == POOR
