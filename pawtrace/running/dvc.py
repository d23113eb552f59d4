"""Running dvc: its lines as they come, and no dvc that outlives the process that started it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from pawtrace.base.errors import in_one_line
from pawtrace.running.processes import end_within

_GRACE_S = 30  # for Prefect to report the end of a run that was told to end; it hung there once
# Anywhere in a line: what Prefect writes when its server fails has no newline at its end.
_OF_A_STAGE = re.compile(r"pawtrace [\w@-]+: .+")
_PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))  # stages run `python`
Say = Callable[[str], object]


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    lines: list[str]  # stdout and stderr as they came, the last 500

    @property
    def last_words(self) -> str:
        """The last line of a stage that says what is wrong; else of dvc's errors; else of all."""
        ours = [found[0] for line in self.lines if (found := _OF_A_STAGE.search(line))]
        errors = [line for line in self.lines if line.startswith("ERROR")]
        return in_one_line((ours or errors or self.lines or ["no output"])[-1], 300)


def run_dvc(
    words: list[str], say: Say, *, lock: IO[str] | None = None, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run dvc until it ends.

    Args:
      words: its arguments.
      say: gets every line of output at once.
      lock: the project's lock: dvc holds it too, so that it is free only when dvc has ended.
      environment: in addition to this process's own.
    """
    return run_lines(
        [sys.executable, "-m", "pawtrace.running.attached_dvc", str(os.getpid()), *words],
        say,
        lock=lock,
        environment={"PATH": _PATH, **(environment or {})},
    )


def ask_dvc(*words: str) -> Ended:
    """Run dvc for its answer."""
    return run_dvc(list(words), say=_nothing)


def _nothing(line: str) -> None:
    del line


def run_lines(
    command: list[str], say: Say, *, lock: IO[str] | None = None, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a command until it ends; see `run_dvc`. Where this is interrupted, the command ends first."""
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=() if lock is None else (lock.fileno(),),
        env={**os.environ, "PYTHONUNBUFFERED": "1", "DVC_NO_ANALYTICS": "1", **(environment or {})},
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:  # universal newlines: a progress bar's steps are lines too
                if text := line.rstrip():
                    say(text)
                    lines = [*lines[-499:], text]
        except BaseException as error:
            process.terminate()  # a stage ends with its dvc
            if not isinstance(error, Exception):  # Ctrl-C, SIGTERM
                end_within(_GRACE_S)
            raise
    return Ended(process.returncode, lines)
