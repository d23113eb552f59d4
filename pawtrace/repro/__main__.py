"""Run `dvc repro`, and show its progress in few lines.

With PAWTRACE_VERBOSE=1 every line of DVC and of the stages is shown at once.
Run: python -m pawtrace.repro   (make repro does)
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.repro.colours import colours_of
from pawtrace.repro.screen import Screen
from pawtrace.repro.time_left import TimeLeft
from pawtrace.repro.verdict_line import verdict_line
from pawtrace.results.standings import as_table, read_standings
from pawtrace.running.dvc import run_dvc
from pawtrace.running.entry_point import errors_in_one_line
from pawtrace.running.lock import project_held
from pawtrace.running.loudness import is_verbose
from pawtrace.running.to_commit import commands


def main() -> int:
    """Run DVC, show its progress, print a summary; 1 if DVC fails."""
    params = load_params()
    recipes = list(params.recipes)
    paint = colours_of(sys.stdout)
    screen = Screen(
        sys.stdout, recipes, TimeLeft(recipes), lambda recipe: verdict_line(recipe, params, paint)
    )
    with project_held(wait=True, name="make repro") as lock, _stage_ends_first() as interrupted:
        ended = run_dvc(["repro"], print if is_verbose() else screen.show, lock=lock)
    screen.end(failed=ended.code != 0)
    if ended.code == 0:
        print(*_summary(recipes), sep="\n")
    elif interrupted.is_set():
        print("To continue, run: make repro")
    return int(ended.code != 0)


@contextlib.contextmanager
def _stage_ends_first() -> Iterator[threading.Event]:
    """Outlast Ctrl-C: it reaches the stage too, which ends in order, and DVC after it.

    Yields:
      What Ctrl-C sets.
    """
    interrupted = threading.Event()
    # A function: DVC must not inherit SIG_IGN.
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _summary(recipes: list[str]) -> list[str]:
    """The recipes, the page, what to commit."""
    page = Path(paths.REPORTS / "report.html").resolve().as_uri()
    lines = ["", as_table(read_standings(recipes)), f"The report: {page}"]
    if found := commands():
        lines += ["To keep these results in git, run:", *(f"  {command}" for command in found)]
    return lines


if __name__ == "__main__":
    with errors_in_one_line("repro", again="make repro"):
        sys.exit(main())
