"""Commit the results of a run to a separate branch, without touching the user's branch, index and files.

The commit's parent is the last commit of the checked-out branch; the run's results replace those in it.
"""

import itertools
import tempfile
from pathlib import Path
from typing import NamedTuple

from pawtrace.config.paths import RESULTS
from pawtrace.running.git import GitError, git

_PREFIX = "rebuild/"
_NOBODY = {
    "GIT_AUTHOR_NAME": "pawtrace",
    "GIT_AUTHOR_EMAIL": "pawtrace@localhost",
    "GIT_COMMITTER_NAME": "pawtrace",
    "GIT_COMMITTER_EMAIL": "pawtrace@localhost",
}


class Saved(NamedTuple):
    """Where the results are in git."""

    branch: str | None  # None: they are those of the last commit
    is_new: bool


def commit_results(repository: Path, base: str, date: str, message: str) -> Saved:
    """Commit the results on the branch rebuild/<date>, or rebuild/<date>-2 where that is taken.

    Args:
      repository: its .git; a clone's results go to where it was cloned from.
      base: the commit that the run worked on.
      date: for the branch's name; not unique, because a clock may be set back.
      message: of the commit.
    Raises:
      GitError: git fails, for want of space say.
    """
    there = {"GIT_DIR": str(repository), "GIT_WORK_TREE": "."}
    tree = _tree_with_results(base, there)
    if tree == git("rev-parse", f"{base}^{{tree}}", environment=there):
        return Saved(None, is_new=False)
    branches = _branches(there)
    for branch, commit in branches.items():
        if git("rev-parse", f"{commit}^{{tree}}", environment=there) == tree:
            return Saved(branch, is_new=False)
    commit = git("commit-tree", tree, "-p", base, "-m", message, environment=there | _author(there))
    names = (f"{_PREFIX}{date}" + (f"-{number}" if number > 1 else "") for number in itertools.count(1))
    branch = next(name for name in names if name not in branches)
    # The zeros: never over a branch that has come meanwhile.
    git("update-ref", "-m", "rebuild", f"refs/heads/{branch}", commit, "0" * len(commit), environment=there)
    return Saved(branch, is_new=True)


def _tree_with_results(base: str, there: dict[str, str]) -> str:
    """The tree of a commit, with the results as they are in the folder: by an index of its own."""
    with tempfile.TemporaryDirectory() as folder:
        own = there | {"GIT_INDEX_FILE": f"{folder}/index"}
        git("read-tree", base, environment=own)
        known = [
            str(path) for path in RESULTS if path.exists() or git("ls-files", str(path), environment=own)
        ]
        git("add", "--all", "--", *known, environment=own)
        return git("write-tree", environment=own)


def _branches(there: dict[str, str]) -> dict[str, str]:
    """The branches of runs, the newest first, and their commits."""
    form = "--format=%(refname:short) %(objectname)"
    lines = git(
        "for-each-ref", "--sort=-committerdate", form, f"refs/heads/{_PREFIX}", environment=there
    ).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines)


def _author(there: dict[str, str]) -> dict[str, str]:
    """Who commits: as git is set up here, else pawtrace."""
    try:
        git("var", "GIT_COMMITTER_IDENT", environment=there)
    except GitError:
        return _NOBODY
    return {}
