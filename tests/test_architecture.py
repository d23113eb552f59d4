"""The rules of the house: who imports whom, and that DVC watches all code that a stage runs."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pawtrace.lineage.record.code import modules_reached
from tests.conftest import ROOT

SOURCES = sorted(path for top in ("pawtrace", "stages", "flows") for path in (ROOT / top).rglob("*.py"))
_STAGES = {"pawtrace.base", "pawtrace.config"}
# What each part may import of ours, besides itself.
BELOW = {
    "flows": {"stages", "pawtrace"},
    "stages": {"pawtrace"},
    "pawtrace": set(),
    "pawtrace.__main__": {"pawtrace.commands", "pawtrace.running"},
    "pawtrace.commands": {"pawtrace"},
    "pawtrace.base": set(),
    "pawtrace.config": {"pawtrace.base"},
    "pawtrace.running": _STAGES,
    "pawtrace.dataset": _STAGES,
    "pawtrace.learning": _STAGES | {"pawtrace.dataset", "pawtrace.running"},
    "pawtrace.evaluation": _STAGES | {"pawtrace.dataset"},
    "pawtrace.results": _STAGES | {"pawtrace.evaluation"},
    "pawtrace.diagnosis": _STAGES | {"pawtrace.evaluation", "pawtrace.results"},
    "pawtrace.report": _STAGES | {"pawtrace.evaluation", "pawtrace.results", "pawtrace.diagnosis"},
    "pawtrace.inference": _STAGES | {"pawtrace.dataset", "pawtrace.learning", "pawtrace.evaluation"},
    "pawtrace.lineage": _STAGES
    | {"pawtrace.dataset", "pawtrace.evaluation", "pawtrace.results", "pawtrace.running"},
    "pawtrace.promotion": _STAGES
    | {"pawtrace.evaluation", "pawtrace.results", "pawtrace.running", "pawtrace.lineage"},
    "pawtrace.rebuilding": _STAGES | {"pawtrace.running"},
}
WITHOUT_TENSORFLOW = (
    "pawtrace.base", "pawtrace.config", "pawtrace.running", "pawtrace.results", "pawtrace.diagnosis",
    "pawtrace.report", "pawtrace.lineage", "pawtrace.promotion",
)  # fmt: skip


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
