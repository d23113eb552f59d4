"""A DVC project with a good and a poor model; nothing in it is trained."""

import json
import subprocess
from pathlib import Path

import pytest

from pawtrace.__main__ import main
from pawtrace.config.params import Params
from pawtrace.config.sections import SPLITS
from pawtrace.dataset.splitting.splits import write_manifest
from pawtrace.promotion.candidate import candidate_of
from pawtrace.promotion.judge import judge
from pawtrace.promotion.promote import promote
from tests.conftest import ROOT
from tests.dvc_in_process import dvc_in_process
from tests.promotion.folders import MARGIN, names, predictions, write_model

GOOD, POOR = "from_scratch_normalized", "from_scratch"
PROMOTED = Path("models/promoted")
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


def run(*words: str) -> str:
    """The output of a command."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def make_project(params: Params) -> None:
    for name in (".gitignore", ".dvcignore"):
        Path(name).write_text((ROOT / name).read_text())
    run("git", "init", "-q")
    dvc_in_process("init", "-q")
    dvc_in_process("config", "core.analytics", "false")
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
    dvc_in_process("commit", "-f")


def use(recipe: str, params: Params) -> None:
    candidate = candidate_of(recipe, params)
    promote(candidate, judge(candidate, PROMOTED, MARGIN))


def command(*words: str) -> object:
    with pytest.raises(SystemExit) as ending:
        main(words)
    return ending.value.code
