"""The real thing, tiny: DVC and Prefect run the stages in a fresh clone."""

import importlib
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from flows import train_recipe
from pawtrace.running.entry_point import run_stage
from tests.pipeline.interrupting import kill_a_repro_of_wide_head, press_ctrl_c_after, train_wide_head_for
from tests.prefect_database import copy_empty_prefect_database
from tests.tiny_clone import (
    RECIPES,
    command,
    commit_all,
    edit_params,
    experiment_rows,
    outputs,
    stages_run,
    tiny_project,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server")]
TRAIN = "flows.train_recipe small_head"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone of the working tree with tiny params, built once by `dvc repro`."""
    folder = tmp_path_factory.mktemp("clone") / "pawtrace"
    tiny_project(folder, RECIPES)
    copy_empty_prefect_database(folder, tmp_path_factory)  # for those that start a server of their own
    output = command(folder, "dvc", "repro").stdout
    of_recipes = [f"{stage}@{recipe}" for stage in ("train", "measure") for recipe in RECIPES]
    assert set(stages_run(output)) == {"download", "split", "preprocess", "resolve", *of_recipes, "report"}
    commit_all(folder, "built")
    return folder


def test_a_first_run_leaves_metrics_models_and_a_report(clone: Path) -> None:
    for recipe in RECIPES:
        metrics = json.loads((clone / f"reports/metrics/{recipe}.json").read_text())
        assert 0 <= metrics["test"]["accuracy"] <= 1
        assert (clone / f"models/{recipe}/model.keras").exists()
        assert recipe in (clone / "reports/ladder.md").read_text()
        assert recipe in (clone / "reports/report.html").read_text()


def test_a_second_run_runs_nothing(clone: Path) -> None:
    output = command(clone, "dvc", "repro").stdout
    assert stages_run(output) == []
    assert "Data and pipelines are up to date." in output


def test_dvcs_commands_show_metrics_params_and_plots(clone: Path) -> None:
    metrics = json.loads(command(clone, "dvc", "metrics", "show", "--json").stdout)
    files = metrics[""]["data"]
    assert set(files) == {f"reports/metrics/{recipe}.json" for recipe in RECIPES}
    table = command(clone, "dvc", "metrics", "show").stdout.splitlines()
    room = len("from_scratch_normalized") - max(map(len, RECIPES))  # the longest name of the profiles
    assert max(map(len, table)) + room <= 120
    plots = json.loads(command(clone, "dvc", "plots", "show", "--json").stdout)
    assert set(plots["data"]) >= {"accuracy of every recipe", "ROC on the test split"}
    assert plots.get("errors", []) == []
    edit_params(clone, {"train": {"batch_size": 8}})
    difference = json.loads(command(clone, "dvc", "params", "diff", "--json").stdout)
    assert difference["params.yaml"]["train.batch_size"] == {"old": 16, "new": 8, "diff": -8}
    command(clone, "git", "checkout", "params.yaml")


def test_editing_a_question_trains_nothing(clone: Path) -> None:
    edit_params(clone, {"recipes": {"wide_head": {"question": "Another question?"}}})
    assert stages_run(command(clone, "dvc", "repro").stdout) == ["resolve", "report"]
    assert "Another question?" in (clone / "reports/report.html").read_text()


def test_editing_the_evaluation_retrains_nothing(clone: Path) -> None:
    before = (clone / "models/small_head/model.keras").read_bytes()
    edit_params(clone, {"evaluate": {"num_bootstrap": 300}})
    output = command(clone, "dvc", "repro", "measure@small_head").stdout
    assert stages_run(output) == ["resolve", "measure@small_head"]
    assert (clone / "models/small_head/model.keras").read_bytes() == before
    edit_params(clone, {"evaluate": {"num_bootstrap": 100}})
    assert stages_run(command(clone, "dvc", "repro").stdout) == ["resolve", "measure@small_head"]


def test_an_experiment_trains_the_edited_recipe_and_shows_what_its_metrics_did(clone: Path) -> None:
    other = (clone / "models/wide_head/model.keras").read_bytes()
    edit = "recipes.small_head.overrides.train.learning_rate=0.01"
    output = command(clone, "dvc", "exp", "run", "--name", "faster", "-S", edit, "measure@small_head").stdout
    assert stages_run(output) == ["resolve", "train@small_head", "measure@small_head"]
    difference = json.loads(command(clone, "dvc", "metrics", "diff", "--json").stdout)
    assert set(difference) == {"reports/metrics/small_head.json"}
    assert "test.log_loss" in difference["reports/metrics/small_head.json"]
    experiments = json.loads(command(clone, "dvc", "exp", "show", "--json").stdout)
    (shown,) = [row["data"]["metrics"] for of in experiments for row in experiment_rows(of)]
    now = json.loads((clone / "reports/metrics/small_head.json").read_text())
    assert shown["reports/metrics/small_head.json"]["data"] == now
    assert stages_run(command(clone, "dvc", "repro").stdout) == ["report"]  # no other recipe trains
    assert (clone / "models/wide_head/model.keras").read_bytes() == other
    command(clone, "git", "checkout", ".")
    command(clone, "dvc", "checkout", "--force")
    assert set(stages_run(command(clone, "dvc", "repro").stdout)) <= {"resolve"}


@pytest.mark.long
def test_editing_the_evaluation_changes_no_recipes_model(clone: Path) -> None:
    before = {recipe: (clone / f"models/{recipe}/model.keras").read_bytes() for recipe in RECIPES}
    edit_params(clone, {"evaluate": {"num_bootstrap": 200}})
    output = command(clone, "dvc", "repro").stdout
    assert "report" in stages_run(output)
    assert not re.search(r"epoch \d+ of", output)
    assert {recipe: (clone / f"models/{recipe}/model.keras").read_bytes() for recipe in RECIPES} == before
    edit_params(clone, {"evaluate": {"num_bootstrap": 100}})
    assert not re.search(r"epoch \d+ of", command(clone, "dvc", "repro").stdout)


def test_the_split_seed_concerns_split_and_what_follows(clone: Path) -> None:
    lock = (clone / "dvc.lock").read_text()
    edit_params(clone, {"split": {"seed": 7}})
    assert stages_run(command(clone, "dvc", "repro", "preprocess").stdout) == ["split", "preprocess"]
    pending = json.loads(command(clone, "dvc", "status", "--json").stdout)
    recipes = ("small_head", "wide_head")  # duplicates count as one picture where metrics are measured
    readers = {f"{stage}@{recipe}" for stage in ("train", "measure") for recipe in recipes}
    assert set(pending) == {*readers, "report"}  # those that read it themselves
    edit_params(clone, {"split": {"seed": 0}})
    (clone / "dvc.lock").write_text(lock)
    command(clone, "git", "checkout", "reports/data.json")
    command(clone, "dvc", "checkout", "--force")
    assert stages_run(command(clone, "dvc", "repro").stdout) == []


@pytest.mark.parametrize(
    ("changes", "stage", "expected"),
    [
        ({"train": {"learning_rate": "1e-4"}}, "download", ("train.learning_rate: ", "number", "'1e-4'")),
        ({"train": {"batch_sise": 8}}, "split", ("train.batch_sise: ", "batch_size")),
        ({"split": {"fractions": {"test": 0.5}}}, "split", ("split.fractions: ", "1.35")),
    ],
)
def test_wrong_params_are_one_line_and_lose_nothing(
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    stage: str,
    expected: tuple[str, ...],
) -> None:
    params, before = (clone / "params.yaml").read_text(), outputs(clone)
    edit_params(clone, changes)
    monkeypatch.chdir(clone)
    with pytest.raises(SystemExit, match="^1$"):
        run_stage(importlib.import_module(f"stages.{stage}").main, stage)
    (clone / "params.yaml").write_text(params)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"pawtrace {stage}: params.yaml: ")
    assert all(part in line for part in expected)
    assert outputs(clone) == before


def test_an_unknown_recipe_is_one_line_before_any_server_starts(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train_recipe, "prefect_server", lambda **_: pytest.fail("a server was started"))
    monkeypatch.chdir(clone)
    with pytest.raises(SystemExit, match="^1$"):
        run_stage(lambda: train_recipe.run("no_head"), "train@no_head")
    (line,) = capsys.readouterr().err.splitlines()
    assert "recipes.no_head" in line
    assert "small_head, wide_head" in line


def test_a_damaged_shard_stops_the_flow_with_its_name_and_leaves_the_model(clone: Path) -> None:
    shard = next((clone / "data/records").glob("test-*.tfrecord"))
    content = shard.read_bytes()
    shard.chmod(0o644)
    shard.write_bytes(content[:-1])
    flow = command(clone, sys.executable, "-m", "flows.train_recipe", "small_head", check=False)
    shard.write_bytes(content)
    assert flow.returncode == 1
    assert re.search(rf"{shard.name}.*{len(content)} bytes", flow.stderr)
    assert "Traceback" not in flow.stderr
    assert (clone / "models/small_head/model.keras").exists()
    assert sorted(path.name for path in (clone / "models").glob(".partial*")) == []


@pytest.mark.parametrize(
    ("module", "limit_kib", "train"),
    [
        ("stages.download", 64, {}),
        pytest.param("stages.split", 1, {}, marks=pytest.mark.long),
        pytest.param("stages.preprocess", 4, {}, marks=pytest.mark.long),
        pytest.param(TRAIN, 20_000, {"head": {"units": [3000, 3000]}}, marks=pytest.mark.long),
        pytest.param(TRAIN, 20_000, {"backbone": "vgg16"}, marks=pytest.mark.long),
        pytest.param("stages.report", 16, {}, marks=pytest.mark.long),
    ],
)
def test_a_disk_that_fills_up_is_one_line_and_loses_nothing(
    clone: Path, module: str, limit_kib: int, train: dict[str, Any]
) -> None:
    """A limit on the size of files stands in for the full disk: no privileges are needed for it."""
    shutil.rmtree(clone / ".pawtrace/training", ignore_errors=True)
    params = (clone / "params.yaml").read_text()
    edit_params(clone, {"recipes": {"small_head": {"overrides": {"train": train}}}})
    command(clone, sys.executable, "-m", "stages.resolve")
    before = outputs(clone)
    limited = f"ulimit -f {limit_kib}; exec {sys.executable} -m {module}"
    ended = command(clone, "bash", "-c", limited, check=False)
    (clone / "params.yaml").write_text(params)
    command(clone, sys.executable, "-m", "stages.resolve")
    assert ended.returncode == 1, ended.stderr
    last = ended.stderr.strip().splitlines()[-1]
    assert "the disk is full" in last
    assert "run: dvc repro" in last
    assert "Traceback" not in ended.stderr
    assert outputs(clone) == before


@pytest.mark.long
def test_a_killed_repro_resumes_and_trains_to_its_last_epoch(clone: Path) -> None:
    train_wide_head_for(clone, num_epochs=400, seed=3)
    kill_a_repro_of_wide_head(clone)
    assert "resuming after step" in command(clone, "dvc", "repro", "train@wide_head").stdout
    assert len((clone / "models/wide_head/history.csv").read_text().splitlines()) == 401


def test_ctrl_c_in_a_run_from_its_start_leaves_nothing_half_done(clone: Path) -> None:
    train_wide_head_for(clone, num_epochs=5000, seed=4)
    command(clone, sys.executable, "-m", "stages.resolve")
    press_ctrl_c_after(r"epoch 2 of", clone)


@pytest.mark.long
def test_a_killed_repro_goes_on_where_it_was_and_ctrl_c_leaves_nothing_half_done(clone: Path) -> None:
    train_wide_head_for(clone, num_epochs=5000, seed=5)
    kill_a_repro_of_wide_head(clone)
    command(clone, "dvc", "checkout", "train@wide_head")  # the last finished model, which dvc had put away
    press_ctrl_c_after(r"resuming after step(.|\n)*epoch \d+ of", clone)
