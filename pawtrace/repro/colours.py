"""Colours, where a terminal has them; https://no-color.org."""

import os
from collections.abc import Callable
from typing import Literal, TextIO

Tone = Literal["good", "fair", "bad"]
Paint = Callable[[str, Tone], str]
_CODES: dict[Tone, int] = {"good": 32, "fair": 33, "bad": 31}  # green, yellow, red


def colours_of(output: TextIO) -> Paint:
    """How to paint what is written there: not at all in a file, or where NO_COLOR is set."""
    has_colours = output.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _painted if has_colours else _plain


def _painted(text: str, tone: Tone) -> str:
    return f"\033[{_CODES[tone]}m{text}\033[0m"


def _plain(text: str, tone: Tone) -> str:
    del tone
    return text
