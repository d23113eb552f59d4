"""What CONTRIBUTING.md and the workflows name is there: paths, make targets, names in the code."""

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))


def test_every_path_is_there() -> None:
    paths = [path for path in re.findall(r"`([\w./<>-]+)`", TEXT) if "/" in path and "<" not in path]
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_module_and_name_is_there() -> None:
    for module in re.findall(r"python -m ([\w.]+)", TEXT):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()
    for name, path in re.findall(r"`([A-Z]+)`\s+of\s+`([\w/.]+)`", TEXT):
        assert re.search(rf"^{name} = ", (ROOT / path).read_text(), re.MULTILINE), name


@pytest.mark.parametrize("text", [TEXT, *(path.read_text() for path in WORKFLOWS)])
def test_every_make_target_is_one(text: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"(?:`|^|run: )make ([a-z-]+)", text, re.MULTILINE)
    assert [target for target in targets if not re.search(rf"^(\S+ )*{target}\b.*:", makefile, re.M)] == []


def test_hooks_run_what_make_lint_runs() -> None:
    [local] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    makefile = (ROOT / "Makefile").read_text()
    for hook in local["hooks"]:
        program = Path(hook["entry"].split()[0])
        assert program.parent == Path(".venv/bin")
        assert f"\t{program.name} " in makefile
