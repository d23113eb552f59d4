"""What a message tells people to run can be run: its stages are in dvc.yaml, its commands are pawtrace's."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from pawtrace.__main__ import COMMANDS
from tests.test_architecture import SOURCES, stages

_UNKNOWN = "{}"  # a name that is only known when the message is made
# Functions whose argument of that number is the name of a stage.
_TAKE_A_STAGE = {"missing": 1, "unexpected": 1, "read_json": 2, "read_rows": 2, "run_stage": 1}


def texts(path: Path) -> Iterator[str]:
    """All texts in a module, f-strings with {} for what is filled in."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    formatted = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    of_formatted = {id(part) for node in formatted for part in node.values}
    for node in formatted:
        parts = (part.value if isinstance(part, ast.Constant) else _UNKNOWN for part in node.values)
        yield "".join(map(str, parts))
    for constant in nodes:
        if isinstance(constant, ast.Constant) and id(constant) not in of_formatted:
            yield str(constant.value)


def named_stages(path: Path) -> Iterator[str]:
    for text in texts(path):
        yield from re.findall(r"dvc repro(?: --?[a-z][\w-]*)* ([a-z][\w]*(?:@\S+)?)", text)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            number = _TAKE_A_STAGE.get(node.func.id)
            if number is not None and len(node.args) > number:
                argument = node.args[number]
                if isinstance(argument, ast.Constant):
                    yield str(argument.value)


@functools.cache
def stage_names() -> set[str]:
    return set(stages())


def is_a_stage(name: str) -> bool:
    """Whether dvc.yaml has it: of a recipe, where it is trained or measured."""
    stage, at, _ = name.partition("@")
    return stage in stage_names() and bool(at) == (stage in ("train", "measure"))


def test_stages_that_messages_name_are_stages() -> None:
    named = [(str(path), name) for path in SOURCES for name in named_stages(path)]
    assert len(named) > 20
    assert [(path, name) for path, name in named if not is_a_stage(name)] == []


def test_commands_that_messages_name_are_commands() -> None:
    named = {
        (str(path), word)
        for path in SOURCES
        for text in texts(path)
        for word in re.findall(r"run: pawtrace ([a-z]+)", text)
    }
    assert named
    assert [(path, word) for path, word in named if word not in COMMANDS] == []


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        'a = f"{b}; run: dvc repro --force evaluate"\n'
        'missing(path, "nowhere")\n'
        'c = f"run: dvc repro train@{d}"\n'
    )
    assert sorted(named_stages(module)) == ["evaluate", "nowhere", "train@{}"]
    assert [name for name in named_stages(module) if not is_a_stage(name)] == ["evaluate", "nowhere"]
