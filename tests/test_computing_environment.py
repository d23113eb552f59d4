"""Trained under other instructions or threads: a metric is equal as stored, or moved for that reason."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pawtrace.base.compute_settings import SETTINGS
from tests.tiny_clone import command, edit_params, environment, prefect_server_for_all, tiny_project

pytestmark = pytest.mark.long

RECIPE = "trained"
RECIPES: dict[str, Any] = {RECIPE: {"question": "All layers?", "overrides": {}}}
TRAINED = {"train": {"phases": [{"trainable": "all", "num_epochs": 3}], "learning_rate": 0.01}}


@pytest.fixture(scope="module", autouse=True)
def no_settings() -> Iterator[None]:
    """Without the settings of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SETTINGS:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clone with one commit, of a recipe that trained on all processors and instructions."""
    folder = tmp_path_factory.mktemp("built") / "pawtrace"
    with prefect_server_for_all(tmp_path_factory):
        tiny_project(folder, RECIPES)
        edit_params(folder, TRAINED)
        command(folder, "dvc", "repro")
        command(folder, "git", "add", "-A")
        command(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "built")
        yield folder


def train_again(folder: Path, settings: dict[str, str], *before: str) -> None:
    """Train, though nothing changed, and measure."""
    command(folder, "rm", "-rf", ".pawtrace/training")
    for words in (("--force", "--single-item", "--no-run-cache", f"train@{RECIPE}"), ("report",)):
        ended = subprocess.run(
            [*before, "dvc", "repro", *words],
            cwd=folder, env=environment() | settings, check=False, capture_output=True, text=True,
            timeout=600,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr[-3000:]


@pytest.mark.parametrize(
    ("settings", "before", "name"),
    [
        ({}, ("taskset", "-c", "0"), "threads"),
        ({"ONEDNN_MAX_CPU_ISA": "AVX2"}, (), "ONEDNN_MAX_CPU_ISA"),
        ({"TF_ENABLE_ONEDNN_OPTS": "0"}, (), "TF_ENABLE_ONEDNN_OPTS"),
        ({"NPY_DISABLE_CPU_FEATURES": "X86_V4", "OPENBLAS_CORETYPE": "Haswell"}, (), "OPENBLAS_CORETYPE"),
    ],
    ids=["one thread", "oneDNN without AVX-512", "without oneDNN", "NumPy and OpenBLAS"],
)
def test_another_environment_is_equal_as_stored_or_the_cause(
    built: Path, settings: dict[str, str], before: tuple[str, ...], name: str
) -> None:
    train_again(built, settings, *before)
    ended = command(built, sys.executable, "-m", "pawtrace", "trace", "--json", check=False)
    (recipe,) = json.loads(ended.stdout)["recipes"]
    assert ended.returncode == 0
    assert recipe["verdict"] == ("explained" if recipe["moved"] else "unmoved")
    assert name in {cause["what"] for cause in recipe["causes"]}
    provenance = json.loads((built / f"reports/provenance/{RECIPE}.json").read_text())
    here = provenance["training"]["runs"][0]["environment"]
    assert here["settings"] == settings
    assert here["num_threads"] == provenance["machine"]["num_cpus"]


def test_the_same_environment_gives_the_same_digits(built: Path) -> None:
    train_again(built, {})
    ended = command(built, sys.executable, "-m", "pawtrace", "trace", "--json")
    assert [recipe["verdict"] for recipe in json.loads(ended.stdout)["recipes"]] == ["unchanged"]
    changed = command(built, "git", "status", "--short", "reports/metrics", "reports/diagnosis").stdout
    assert changed == ""
