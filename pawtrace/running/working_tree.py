"""Uncommitted edits in the working tree, except the results of runs."""

from pawtrace.config.paths import RESULTS
from pawtrace.running.git import git


def edited_files() -> list[str]:
    """The project's files that differ from the last commit, or are in none; results of runs are left out.

    Returns:
      Paths relative to the project's folder, which is the current one, sorted.
    Raises:
      GitError: this is no git repository.
    """
    others = [f":(exclude){path}" for path in RESULTS]
    status = ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    entries = git(*status, "--", ".", *others).split("\0")
    prefix = git("rev-parse", "--show-prefix")  # of a project within a larger repository
    return sorted(entry[3:].removeprefix(prefix) for entry in entries if entry)
