"""Whatever dvc.lock holds, `trace` and `verify` end with a line that is true, and lose nothing."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.schema import COMPILED_LOCKFILE_SCHEMA

from pawtrace.__main__ import main
from pawtrace.base.yaml_files import parse_yaml
from tests.lineage.traced_project import TracedProject

LOCK = Path("dvc.lock")
NUM_FILES, NUM_QUICK = 50, 5
ODD_VALUES = (
    "null",
    "[]",
    "{}",
    "-1",
    ".nan",
    "!!str",
    "&a",
    "*a",
    "'",
    '"',
    "|",
    "2001-02-30",
    "\ud7ff",
    "\x07",
)


def cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text))]


def flipped(text: str, chance: random.Random) -> str:
    content = bytearray(text.encode())
    for _ in range(chance.randint(1, 20)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content.decode("latin-1")


def other_lines(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(lines))
        if chance.random() < 0.5:
            lines.pop(place)
        else:
            lines.insert(place, chance.choice(lines))
    return "".join(lines)


def other_value(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    place = chance.choice([number for number, line in enumerate(lines) if ": " in line])
    lines[place] = f"{lines[place].split(': ')[0]}: {chance.choice(ODD_VALUES)}"
    return "\n".join(lines)


def conflict(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    for marker in (">>>>>>> theirs\n", "=======\n", "<<<<<<< HEAD\n"):
        lines.insert(chance.randrange(len(lines)), marker)
    return "".join(lines)


def garbage(text: str, chance: random.Random) -> str:
    return chance.randbytes(chance.randint(0, len(text))).decode("latin-1")


DAMAGES: tuple[Callable[[str, random.Random], str], ...] = (
    cut, flipped, other_lines, other_value, conflict, garbage,
)  # fmt: skip


def is_readable(content: bytes) -> bool:
    """Whether DVC itself would take a file for a lock."""
    try:
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(content))
    except Exception:
        return False
    return True


def ended(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=() if seed < NUM_QUICK else pytest.mark.long, id=f"file{seed}")
        for seed in range(NUM_FILES)
    ],
)
def test_a_damaged_lock_ends_in_one_true_line(
    traced: TracedProject, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    chance = random.Random(seed)
    damaged = DAMAGES[seed % len(DAMAGES)](LOCK.read_text(), chance).encode("utf-8", "surrogatepass")
    is_other = damaged != LOCK.read_bytes()
    LOCK.write_bytes(damaged)
    before = {path: path.read_bytes() for path in traced.folder.rglob("*") if path.is_file()}
    for command in ("trace", "verify"):
        code = ended(command)
        said = capsys.readouterr()
        assert code in (0, 1, 2)
        if not is_readable(damaged):
            assert code == 2, said.out
        if code == 2:
            (line,) = said.err.splitlines()
            assert line.startswith(f"pawtrace {command}: dvc.lock of workspace: ")
            assert "; run: git checkout HEAD -- dvc.lock && dvc repro" in line
        elif command == "verify":
            *damages, last = said.out.splitlines()
            assert all("; run: " in line for line in damages)
            assert (code == 0) == (last == "verify: all files are intact") == (not damages)
            assert last.startswith(f"verify: {len(damages) or 'all'} file")
    assert is_other
    assert {path: path.read_bytes() for path in traced.folder.rglob("*") if path.is_file()} == before
