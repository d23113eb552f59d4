"""Whatever happened to params.yaml: one true line within 20 s, exit code 2, and nothing is executed."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from pawtrace.__main__ import main
from pawtrace.commands import check
from tests.config.damaged_params import NEVER_VALUES, damaged
from tests.conftest import PARAMS, ROOT

_LIMIT_S = 20


@pytest.fixture
def limit() -> Iterator[None]:
    """End what hangs."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def read(content: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    """Have `pawtrace check` read a params.yaml; what it said on stderr, nothing where it was content."""
    Path("params.yaml").write_bytes(content)
    signal.alarm(_LIMIT_S)
    with pytest.raises(SystemExit) as ended:
        main(["check"])
    signal.alarm(0)
    said = capsys.readouterr().err
    assert (ended.value.code, said == "") in ((0, True), (2, False)), said
    return said


def read_all(numbers: range, capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """How many of each kind were refused."""
    text, refused = PARAMS.read_text(), Counter[str]()
    for number in numbers:
        file = damaged(number, text)
        said = read(file.content, capsys)
        assert bool(said) or not file.is_refused, (number, file.how)
        if said:
            refused[file.how] += 1
            assert said.startswith("pawtrace check: params.yaml: "), (number, said)
            assert said.count("\n") == 1, (number, said)
            assert said[:-1].isprintable(), (number, said)
            assert len(said) < 600, (number, said)
    return refused


@pytest.mark.usefixtures("project", "limit")
@pytest.mark.parametrize(
    "numbers", [range(50), pytest.param(range(50, 500), marks=pytest.mark.long)], ids=["50", "450 more"]
)
def test_a_damaged_file_is_refused_in_one_line_or_read_as_it_stands(
    numbers: range, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "check_requirements", lambda _: None)
    monkeypatch.setattr(check, "git", lambda *_: "")
    assert read(PARAMS.read_bytes(), capsys) == ""
    refused = read_all(numbers, capsys)
    assert sum(refused.values()) > len(numbers) / 2
    assert not Path("executed").exists()


@pytest.mark.usefixtures("project", "limit")
@pytest.mark.parametrize("value", NEVER_VALUES, ids=lambda value: ascii(value)[1:20])
def test_an_impossible_value_is_refused_even_where_any_value_is_allowed(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PARAMS.read_text().replace("arguments: {p: 0.5}", "arguments: {p: " + value + "}")
    assert value in text
    said = read(text.encode(), capsys)
    assert said.startswith("pawtrace check: params.yaml: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", [["pawtrace", "check"], ["stages.resolve"]], ids=" ".join)
def test_the_real_commands_end_in_that_line_too(project: Path, command: list[str]) -> None:
    deep = PARAMS.read_text().replace("seed: 0", "seed: " + "[" * 100_000, 1)
    (project / "params.yaml").write_text(deep)
    start = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert time.monotonic() - start < _LIMIT_S
    assert ended.returncode in (1, 2)
    assert "params.yaml: expected YAML, found: more than 50 lists and mappings" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_folder_or_a_pipe_in_its_place_is_said_so(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "params.yaml").mkdir()
    with pytest.raises(SystemExit, match="^2$"):
        main(["check"])
    assert "params.yaml: expected a file" in capsys.readouterr().err
