"""What DVC and its stages print, as few lines: `[4 of 15] train x, about 1 min, 5 min left`.

Arrives: their lines, one by one. Leaves: a line for each stage that runs, and lines that matter to the user.
The output of a stage is kept until the stage ends, and shown if it fails.
"""

import re
import shutil
from collections.abc import Callable, Sequence
from typing import TextIO

from pawtrace.repro.time_left import TimeLeft
from pawtrace.running.loudness import STARTUP_LINE

_RUNNING = re.compile(r"Running stage '(.+)':")
_NOT_RUN = re.compile(r"Stage '(.+)' (?:didn't change, skipping|is cached - skipping run.*)")
_LOCK_WRITTEN = re.compile(r"(?:Updating|Generating) lock file 'dvc\.lock'")
_FAILED = "ERROR: failed to reproduce"
_DVC_HINT = re.compile(
    r"Use `dvc push` to send your updates|To track the changes with git, run:|\tgit add |"
    r"To enable auto staging, run:|\tdvc config core\.autostage true|> python -m |"
    r"WARNING: 'data/in_use/archive' is empty"  # where params.yaml names no archive
)
_BAR_STEP = re.compile(r"\d+%\||\d+ images \[")  # tqdm's
_DATA_STAGES = ("resolve", "download", "split", "preprocess")
_PER_RECIPE = ("train", "measure")
_OURS = re.compile(r"pawtrace [\w@-]+: ")  # an error, in a line that says what to do
_IMPORTANT = re.compile(r"warning|^error\b", re.IGNORECASE)


class Screen:
    """A run of `dvc repro` as a person sees it."""

    def __init__(
        self,
        output: TextIO,
        recipes: Sequence[str],
        time_left: TimeLeft,
        verdict_line: Callable[[str], str],
    ) -> None:
        """Begin before the first stage.

        Args:
          output: gets the lines; in a terminal also the newest line of a stage, until the next one comes.
          recipes: of params.yaml.
          time_left: is asked before each training.
          verdict_line: what there is to say of a recipe once it is measured.
        """
        self._output, self._time_left, self._verdict_line = output, time_left, verdict_line
        self._num_stages = len(_DATA_STAGES) + len(_PER_RECIPE) * len(recipes) + 1  # and the report
        self._num_begun = 0
        self._stage: str | None = None  # that runs
        self._said: list[str] = []  # by it

    def show(self, line: str) -> None:
        """Take a line, and show what there is to show of it."""
        if re.search(STARTUP_LINE, line) or _DVC_HINT.match(line):
            return
        if begun := _RUNNING.fullmatch(line):
            self._begin(begun[1])
        elif _NOT_RUN.fullmatch(line):
            self._finish()
            self._num_begun += 1
        elif _LOCK_WRITTEN.fullmatch(line):
            self._finish()
        elif line.startswith(_FAILED):
            self._fail()
            self._write(line)
        elif self._stage is None:
            self._write(line)  # DVC's own, a warning say
        else:
            self._hear(line)

    def end(self, *, failed: bool) -> None:
        """Show what is still kept if DVC has failed without a word about the stage."""
        self._show_briefly("")
        if failed:
            self._fail()
        else:
            self._finish()

    def _begin(self, stage: str) -> None:
        self._finish()
        self._num_begun += 1
        self._stage = stage
        place = f"[{self._num_begun:>{len(str(self._num_stages))}} of {self._num_stages}]"
        self._write(f"{place} {stage.replace('@', ' ')}{_safely(self._time_left.words, stage)}")
        self._time_left.begin()

    def _finish(self) -> None:
        """The stage that ran has succeeded; DVC writes its lock file only then."""
        if self._stage is None:
            return
        stage, self._stage, self._said = self._stage, None, []
        _safely(self._time_left.finish, stage)
        self._show_briefly("")
        kind, _, recipe = stage.partition("@")
        if kind == "measure":
            self._write(f"  {_safely(self._verdict_line, recipe)}")

    def _fail(self) -> None:
        """Show all that the stage said, unless its last line is one of ours, which says enough."""
        said, self._said = self._said, []
        if said and not _OURS.match(said[-1]):
            self._write(*said)

    def _hear(self, line: str) -> None:
        """Keep what a stage says; show what data stages and the report say of the data, and warnings."""
        is_step = _BAR_STEP.search(line)
        if not is_step:
            self._said.append(line)
        is_news = line.startswith(f"{self._stage}: ") or _OURS.match(line) or _IMPORTANT.search(line)
        if is_news and not is_step:
            self._write(f"  {line}")
        else:
            self._show_briefly(line)

    def _write(self, *lines: str) -> None:
        self._show_briefly("")
        for line in lines:
            self._output.write(f"{line}\n")
        self._output.flush()

    def _show_briefly(self, line: str) -> None:
        """Show a line in a terminal until the next one comes."""
        if self._output.isatty():
            width = shutil.get_terminal_size().columns - 3
            self._output.write(f"\r\033[K{f'  {line[:width]}' if line else ''}")
            self._output.flush()


def _safely(function: Callable[[str], str], name: str) -> str:
    """What is only shown must not end a training of hours; the stage `report` meets the same error."""
    try:
        return function(name)
    except Exception as error:
        return f"{name}: cannot be shown: {error!r}"
