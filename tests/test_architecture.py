"""The rules of the house: DVC watches all code that a stage runs. Who imports whom: see pyproject.toml."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pawtrace.lineage.record.code import modules_reached
from tests.conftest import ROOT

SOURCES = sorted(path for top in ("pawtrace", "stages", "flows") for path in (ROOT / top).rglob("*.py"))


def stages() -> dict[str, dict[str, Any]]:
    found = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
    return {name: stage.get("do", stage) for name, stage in found.items()}


def watched_code(stage: dict[str, Any]) -> list[Path]:
    return [Path(path) for path in stage["deps"] if path.startswith(("pawtrace", "stages", "flows"))]


def reached_code(stage: dict[str, Any]) -> list[Path]:
    """The modules that decide a stage's results; how it is run, and empty packages, decide none."""
    module = re.match(r"python -m ([\w.]+)", stage["cmd"])
    assert module is not None
    entry = Path(module[1].replace(".", "/") + ".py")
    return [
        path
        for path in modules_reached(ROOT / entry, ROOT)
        if path == entry
        or not (
            path.is_relative_to("flows") or path.is_relative_to("pawtrace/running") or defines_nothing(path)
        )
    ]


def defines_nothing(path: Path) -> bool:
    body = ast.parse((ROOT / path).read_text()).body
    return path.name == "__init__.py" and all(isinstance(node, ast.Expr) for node in body)


@pytest.mark.parametrize("name", stages())
def test_dvc_watches_every_module_that_decides_a_stages_result(name: str) -> None:
    stage = stages()[name]
    watched = watched_code(stage)
    unwatched = [
        str(path)
        for path in reached_code(stage)
        if not any(path == dependency or dependency in path.parents for dependency in watched)
    ]
    assert unwatched == []


@pytest.mark.parametrize("name", stages())
def test_every_code_dependency_is_reached(name: str) -> None:
    stage = stages()[name]
    reached = reached_code(stage)
    for dependency in watched_code(stage):
        assert (ROOT / dependency).exists()
        assert any(path == dependency or dependency in path.parents for path in reached), dependency


@pytest.mark.parametrize("name", stages())
def test_code_dependencies_are_folders_the_stages_own_module_and_few_other_files(name: str) -> None:
    files = [path for path in watched_code(stages()[name]) if path.suffix == ".py"]
    assert Path(f"stages/{name}.py") in files
    assert len(files) <= 6


def test_dvc_yaml_fits_on_two_screens() -> None:
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 140


def test_folders_and_modules_stay_small_and_say_what_they_are_for() -> None:
    for folder in {path.parent for path in SOURCES}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= 16, folder
        title = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert title, folder
    assert [str(path) for path in SOURCES if len(path.read_text().splitlines()) > 250] == []


def test_nothing_is_called_utils() -> None:
    banned = {"utils", "helpers", "common", "manager", "misc"}
    assert not [path for path in SOURCES if banned & {*path.parts, path.stem}]
