"""The rules of the house: who imports whom, and that DVC watches all code that a stage runs."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pawtrace.lineage.fingerprints import modules_reached
from tests.conftest import ROOT

SOURCES = sorted(path for top in ("pawtrace", "stages", "flows") for path in (ROOT / top).rglob("*.py"))
# What each part may import of ours, besides itself.
BELOW = {
    "flows": {"stages", "pawtrace"},
    "stages": {"pawtrace"},
    "pawtrace": set(),
    "pawtrace.__main__": {"pawtrace.commands", "pawtrace.config"},
    "pawtrace.commands": {"pawtrace"},
    "pawtrace.config": set(),
    "pawtrace.dataset": {"pawtrace.config"},
    "pawtrace.learning": {"pawtrace.config", "pawtrace.dataset"},
    "pawtrace.evaluation": {"pawtrace.config", "pawtrace.dataset", "pawtrace.learning"},
    "pawtrace.promotion": {"pawtrace.config", "pawtrace.evaluation"},
    "pawtrace.rebuilding": {"pawtrace.config"},
    "pawtrace.lineage": {"pawtrace.config", "pawtrace.dataset", "pawtrace.evaluation"},
}
WITHOUT_TENSORFLOW = ("pawtrace.config", "pawtrace.lineage", "pawtrace.promotion")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "pawtrace" and len(parts) > 1 else parts[0]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    here = part_of(name_of(path))
    for module in imports_of(path):
        top = module.split(".")[0]
        if top not in ("pawtrace", "stages", "flows"):
            continue
        there = part_of(module)
        allowed = BELOW[here] | {here}
        assert there in allowed or top in allowed, f"{path} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_flows_know_prefect(path: Path) -> None:
    if part_of(name_of(path)) != "flows":
        assert not any(module.split(".")[0] == "prefect" for module in imports_of(path))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_what_only_reads_and_compares_needs_no_tensorflow(path: Path) -> None:
    if part_of(name_of(path)) in WITHOUT_TENSORFLOW:
        heavy = {"tensorflow", "tensorflow_datasets", "keras"}
        assert not heavy & {module.split(".")[0] for module in imports_of(path)}


@pytest.mark.parametrize("stage", ["report"])
def test_the_report_needs_no_tensorflow(stage: str) -> None:
    for path in modules_reached(ROOT / f"stages/{stage}.py", ROOT):
        heavy = {"tensorflow", "tensorflow_datasets", "keras"}
        assert not heavy & {module.split(".")[0] for module in imports_of(ROOT / path)}, path


def stages() -> dict[str, dict[str, Any]]:
    found = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
    return {name: stage.get("do", stage) for name, stage in found.items()}


@pytest.mark.parametrize("name", stages())
def test_dvc_watches_every_module_that_a_stage_reaches(name: str) -> None:
    stage = stages()[name]
    module = re.match(r"python -m ([\w.]+)", stage["cmd"])
    assert module is not None
    entry = ROOT / (module[1].replace(".", "/") + ".py")
    watched = [Path(dependency) for dependency in stage["deps"]]
    unwatched = [
        str(path)
        for path in modules_reached(entry, ROOT)
        if not any(path == dependency or dependency in path.parents for dependency in watched)
    ]
    assert unwatched == []


@pytest.mark.parametrize("name", stages())
def test_every_code_dependency_exists_and_is_reached(name: str) -> None:
    stage = stages()[name]
    module = re.match(r"python -m ([\w.]+)", stage["cmd"])
    assert module is not None
    reached = set(modules_reached(ROOT / (module[1].replace(".", "/") + ".py"), ROOT))
    for dependency in map(Path, stage["deps"]):
        if dependency.parts[0] not in ("pawtrace", "stages", "flows"):
            continue
        assert (ROOT / dependency).exists()
        assert any(path == dependency or dependency in path.parents for path in reached), dependency


def test_nothing_is_called_utils() -> None:
    banned = {"utils", "helpers", "common", "manager", "misc"}
    assert not [path for path in SOURCES if banned & {*path.parts, path.stem}]
