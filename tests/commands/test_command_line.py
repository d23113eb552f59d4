"""The command line as a whole: help, version, completion, loudness, exit codes, how fast it starts."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from pawtrace.__main__ import BAD_INPUT, main
from pawtrace.commands import COMMANDS
from tests.conftest import ROOT, WriteParams

SLOW = "{'tensorflow', 'keras', 'cv2', 'scipy', 'sklearn', 'prefect', 'dvc'}"


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code


def imported(*words: str, among: str) -> str:
    """Which modules a command imports, of those in question."""
    code = (
        "import atexit, sys; from pawtrace.__main__ import main; "
        f"atexit.register(lambda: print('imported', sorted({among} & set(sys.modules)))); main({words})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return ended.stdout.splitlines()[-1]


def test_no_command_is_help_and_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    shown = capsys.readouterr().out
    assert run("--help") == 0
    assert capsys.readouterr().out == shown
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\w", shown, re.MULTILINE), name


def test_every_module_is_a_command_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {path.stem for path in (ROOT / "pawtrace/commands").glob("[a-z]*.py")}
    assert modules == set(COMMANDS)
    for name in COMMANDS:
        assert run(name, "--help") == 0
        assert (ROOT / f"pawtrace/commands/{name}.py").read_text().split('"""')[1].strip() in (
            capsys.readouterr().out
        )


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"pawtrace {version('pawtrace')}\n"


def test_completion_knows_commands_and_their_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--print-completion", "bash") == 0
    script = capsys.readouterr().out
    assert "promote" in script
    assert "--attribute" in script


def test_an_unknown_command_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dignose") == BAD_INPUT
    assert "diagnose" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("-q", "profile"), ("profile", "-q")])
def test_quiet_leaves_only_the_exit_code(
    words: tuple[str, ...], write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    Path("profiles").mkdir()
    Path("profiles/default.yaml").write_text(Path("params.yaml").read_text())
    Path("profiles/mine.yaml").write_text("# Mine.\n\nsplit: {seed: 1}\n")
    assert run(*words) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("project")
def test_quiet_still_shows_errors_and_verbose_shows_where_they_arose(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAWTRACE_VERBOSE", "")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    monkeypatch.setenv("TQDM_DISABLE", "")
    assert run("results", "--quiet") == BAD_INPUT
    line = capsys.readouterr().err
    assert line.startswith("pawtrace results: expected a project here (dvc.yaml)")
    assert run("results", "--verbose") == BAD_INPUT
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith(line)


def test_help_status_and_results_start_without_slow_libraries() -> None:
    assert imported("--help", among="{'pydantic', 'numpy'}") == "imported []"
    assert imported("status", among=SLOW) == "imported []"
    assert imported("results", among=SLOW) == "imported []"


def documented_codes() -> dict[str, set[int]]:
    """By command, the codes that docs/commands.md gives a meaning."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) ?\|$", (ROOT / "docs/commands.md").read_text(), re.M)
    return {name: {0} | ({1} if no else set()) | ({2} if "(2:" in no else set()) for name, _, no in rows}


def returned_codes(name: str) -> set[int]:
    """The numbers that functions of a command's module return as an exit code."""
    tree = ast.parse((ROOT / f"pawtrace/commands/{name}.py").read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and is_code(node)]
    returned = [node.value for function in functions for node in ast.walk(function) if is_return(node)]
    return {code for value in returned for code in numbers(value)}


def is_code(function: ast.FunctionDef) -> bool:
    return isinstance(function.returns, ast.Name) and function.returns.id == "int"


def is_return(node: ast.AST) -> bool:
    return isinstance(node, ast.Return)


def numbers(value: ast.AST | None) -> Iterator[int]:
    if isinstance(value, ast.IfExp):
        yield from numbers(value.body)
        yield from numbers(value.orelse)
    elif isinstance(value, ast.Constant):
        yield value.value


def test_the_table_of_exit_codes_is_true() -> None:
    assert documented_codes() == {name: returned_codes(name) for name in COMMANDS}
