"""A real run's model that never got better than guessing; it was promoted as the first one."""

import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pawtrace.config.params import merged
from tests.conftest import ROOT
from tests.tiny_clone import command, copy_of_the_project

CASES = os.environ.get("PAWTRACE_CASES")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CASES is None, reason="PAWTRACE_CASES names no folder with the cases"),
]


def test_a_dead_model_is_not_promoted_though_it_is_the_first_one(tmp_path: Path) -> None:
    folder = tmp_path / "pawtrace"
    copy_of_the_project(folder)
    yaml = YAML(typ="safe", pure=True)
    case = yaml.load(Path(f"{CASES}/promoted_dead/params.yaml"))
    with (folder / "params.yaml").open("w") as file:  # over the default, which has params that are newer
        yaml.dump(merged(yaml.load(ROOT / "profiles/default.yaml"), case), file)
    command(folder, "dvc", "repro")
    ended = command(folder, "pawtrace", "promote", check=False)
    assert ended.returncode == 1
    assert "dead" in ended.stderr or "guessing" in ended.stderr
    assert not (folder / "models/promoted").exists()
    assert command(folder, "pawtrace", "promote", "--force").returncode == 0
    assert (folder / "models/promoted/model.keras").exists()
