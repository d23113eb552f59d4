"""The edge between Python and the shell: the only place where an error becomes an exit code."""

import atexit
import contextlib
import gc
import sys
import traceback
from collections.abc import Callable, Iterator

from pawtrace.base.errors import ParamsError, PawtraceError, first_line, is_disk_full, unusable_path
from pawtrace.running.importing import INTERRUPTED, raise_at_ctrl_c
from pawtrace.running.lock import only_one, project_held_by_us
from pawtrace.running.loudness import is_verbose
from pawtrace.running.processes import end_with_dvc, interrupts_kept
from pawtrace.running.watched_params import params_unchanged


def run_stage(main: Callable[[], None], name: str, *, alone: bool = True) -> None:
    """Run a stage's main function, alone; show what the user can mend as one line, exit 1.

    It ends with the DVC that started it, and holds the project unless that DVC, or what started it, does.

    Args:
      main: does the work.
      name: what to call the stage in messages, and how to run it again with `dvc repro NAME`.
      alone: whether nothing else may run; not so where this process only helps one that holds the project.
    Raises:
      SystemExit: see `errors_in_one_line`.
      Exception: anything else, with its traceback: it is our mistake, not the user's.
    """
    atexit.register(gc.freeze)  # or Python would take seconds to collect TensorFlow's graphs one by one
    with errors_in_one_line(name, again=f"dvc repro {name}"), interrupts_kept():
        end_with_dvc()
        if not alone:
            main()
            return
        with project_held_by_us(), only_one(name), params_unchanged(name):
            main()


def run_recipe_stage(run: Callable[[str], None], stage: str, *, alone: bool = True) -> None:
    """Run a stage of one recipe, whose name is the only word on the command line.

    Args:
      run: does the work for the recipe of that name.
      stage: `train`, say; with the recipe it becomes `train@<recipe>`.
      alone: see `run_stage`.
    Raises:
      SystemExit, Exception: see `run_stage`.
    """
    words = sys.argv[1:]

    def main() -> None:
        if len(words) != 1:
            from pawtrace.config.recipe_file import recipe_names  # takes long to import

            raise ParamsError(f"expected the name of one recipe; there are: {', '.join(recipe_names())}")
        run(words[0])

    run_stage(main, f"{stage}@{words[0]}" if len(words) == 1 else stage, alone=alone)


@contextlib.contextmanager
def errors_in_one_line(name: str, *, again: str, code: int = 1) -> Iterator[None]:
    """Turn what the user can mend into one line on stderr and an exit code.

    Args:
      name: what to call the work in messages.
      again: the command that runs it again.
      code: the exit code.
    Raises:
      SystemExit: after a PawtraceError, a full disk or a path that cannot be used (`code`), or Ctrl-C (130).
      Exception: anything else, with its traceback.
    """
    raise_at_ctrl_c()
    try:
        yield
    except KeyboardInterrupt:
        print(f"pawtrace {name}: interrupted; finished work is kept", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:
        # First: a full disk may be what made a model or an archive unreadable.
        if is_disk_full(error):
            said = disk_full_line(error, again=again)
        elif isinstance(error, PawtraceError):
            said = str(error)
        elif problem := unusable_path(error):
            said = f"cannot use {problem}; finished work is kept; look with ls -ld, then run: {again}"
        else:
            raise
        if is_verbose():
            traceback.print_exception(error)
        traceback.clear_frames(error.__traceback__)  # closes progress bars: the line comes last
        print(f"pawtrace {name}: {said}", file=sys.stderr)
        sys.exit(code)


def disk_full_line(error: BaseException, *, again: str) -> str:
    """What to say of a full disk."""
    return f"the disk is full ({first_line(error)}); finished work is kept; free some space and run: {again}"
