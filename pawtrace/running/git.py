"""git, asked in the current folder or in another one."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pawtrace.base.errors import PawtraceError, in_one_line


class GitError(PawtraceError):
    """A git command failed that was expected to work."""


def git(*words: str, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What a git command prints, without the newline at its end.

    Args:
      words: its arguments.
      folder: where it runs; the current folder when not given.
      environment: in addition to this process's own.
    Raises:
      GitError: it failed, or git is not installed.
    """
    printed = git_bytes(*words, folder=folder, environment=environment)
    return printed.decode("utf-8", errors="surrogateescape").rstrip("\n")


def ask_git(*words: str) -> str | None:
    """What a git command prints; None where it fails, or git is not installed."""
    try:
        return git(*words)
    except GitError:
        return None


def git_bytes(*words: str, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> bytes:
    """See `git`; what it prints as it is, a file of any kind say."""
    try:
        ended = subprocess.run(
            ["git", *words],
            cwd=folder,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(environment or {})},
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise GitError("git is not installed; install it") from None
    if ended.returncode != 0:
        if b"not a git repository" in ended.stderr:
            raise GitError(
                "this folder is not a git repository, which DVC needs; "
                "run: git init && git add --all && git commit -m Start"
            )
        said = in_one_line(ended.stderr.decode("utf-8", errors="replace"))
        raise GitError(f"git {words[0]} failed: {said}; run: git {' '.join(words)}")
    return ended.stdout
