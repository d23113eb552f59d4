"""Makes damaged params.yaml files: number n is always damaged in the same way."""

import random
import re
from collections.abc import Callable
from typing import NamedTuple

_VALUE = re.compile(r"^[^#\n]*?: ([^\s{\[#,}]+)(?=[,}\n])", re.MULTILINE)  # the first of a line
_BOMB = "&a [x, x, x, x, x, x, x, x, x, x]"
for _name, _below in zip("bcdefghij", "abcdefghi", strict=True):
    _BOMB = f"[{_BOMB}, &{_name} [{', '.join([f'*{_below}'] * 10)}]]"
NEVER_VALUES = [  # wherever a value stands
    '!!int "abc"',
    "!!python/object/apply:os.system ['touch executed']",
    "!!timestamp never",
    "!!binary '@@@'",
    "!custom 1",
    "2026-13-45",
    "[" * 600 + "]" * 600,
    "[" * 600,
    "{a: " * 300,
    _BOMB,
    "&loop [*loop]",
    "*nowhere",
    "'unclosed",
    '"\\q"',
    "\tx: 1",
    "1: 2: 3",
    "=",
    "9" * 5_000,
    "x" * 100_000,
    "{[1]: 2}",
    "? [a]",
    "@reserved",
    "\x07",
    "a\x00b",
]
ODD_VALUES = [  # that some places may take
    ".nan",
    ".inf",
    "-1",
    "0",
    "1e999",
    "9" * 400,
    "0x" + "f" * 2_000,
    "2026-01-31",
    "null",
    "[]",
    "{}",
    "''",
    "true",
    "1.5",
    "word",
    '"two\\nlines"',
    '"\\0"',
    "[1, [2, [3]]]",
    "{a: {b: 2026-01-31}}",
]


class Damaged(NamedTuple):
    """A file and what is known of it."""

    content: bytes
    how: str
    is_refused: bool  # whether no reading of it can be right


def damaged(number: int, text: str) -> Damaged:
    """Damage a good params.yaml in the way that belongs to a number."""
    rng = random.Random(number)
    how = _WAYS[number % len(_WAYS)]
    result = how(text, rng)
    content, is_refused = result if isinstance(result, tuple) else (result, False)
    return Damaged(content if isinstance(content, bytes) else content.encode(), how.__name__, is_refused)


Result = str | bytes | tuple[str | bytes, bool]


def cut_off(text: str, rng: random.Random) -> Result:
    return text[: rng.randrange(len(text))]


def bytes_flipped(text: str, rng: random.Random) -> Result:
    content = bytearray(text.encode())
    for _ in range(rng.randint(1, 20)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def impossible_value(text: str, rng: random.Random) -> Result:
    return _with_value(text, rng, rng.choice(NEVER_VALUES)), True


def odd_value(text: str, rng: random.Random) -> Result:
    return _with_value(text, rng, rng.choice(ODD_VALUES))


def line_twice(text: str, rng: random.Random) -> Result:
    lines = text.splitlines(keepends=True)
    keys = [number for number, line in enumerate(lines) if re.match(r"\s*\w+:", line)]
    number = rng.choice(keys)
    return "".join([*lines[:number], lines[number], *lines[number:]]), True


def line_gone(text: str, rng: random.Random) -> Result:
    lines = text.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return "".join(lines)


def line_moved_sideways(text: str, rng: random.Random) -> Result:
    lines = text.splitlines(keepends=True)
    number = rng.randrange(len(lines))
    lines[number] = rng.choice([" ", "   ", "\t", "      "]) + lines[number]
    return "".join(lines)


def line_added(text: str, rng: random.Random) -> Result:
    lines = text.splitlines(keepends=True)
    added = rng.choice(
        [*NEVER_VALUES[:12], "- 1", "x: y", "? {a: 1}", "---", "...", "%YAML 9.9", "<<: 1", "5: 1"]
    )
    lines.insert(rng.randrange(len(lines)), " " * rng.choice([0, 2, 4]) + added + "\n")
    return "".join(lines)


def key_misspelt(text: str, rng: random.Random) -> Result:
    keys = [found for found in re.finditer(r"(\w+):", text.partition("recipes:")[0]) if len(found[1]) > 3]
    found = rng.choice(keys)
    return text[: found.end(1)] + "x" + text[found.end(1) :]


def other_encoding(text: str, rng: random.Random) -> Result:
    text = text.replace("Does", "Dö\u00e9s", 1)
    encoding, is_refused = rng.choice(
        [("utf-16", True), ("utf-32", True), ("latin-1", True), ("utf-8-sig", False), ("cp437", True)]
    )
    return text.encode(encoding), is_refused


def other_line_ends(text: str, rng: random.Random) -> Result:
    return text.replace("\n", rng.choice(["\r\n", "\r", "\n\n", "\u2028"]))


def something_else(_: str, rng: random.Random) -> Result:
    other = [
        b"",
        b"# nothing\n",
        b"- 1\n- 2\n",
        b"42",
        b"null",
        b"just words",
        b"PK\3\4" + rng.randbytes(300),
    ]
    other += [
        rng.randbytes(1000),
        b"\x00" * 1000,
        b"{}",
        b"[]",
        b"<html></html>",
        b"#" * 11_000_000,
        b"---\n---\n",
    ]
    return rng.choice(other), True


_WAYS: list[Callable[[str, random.Random], Result]] = [
    cut_off, bytes_flipped, impossible_value, odd_value, line_twice, line_gone, line_moved_sideways,
    line_added, key_misspelt, other_encoding, other_line_ends, something_else,
]  # fmt: skip


def _with_value(text: str, rng: random.Random, value: str) -> str:
    place = rng.choice(list(_VALUE.finditer(text)))
    return text[: place.start(1)] + value + text[place.end(1) :]
