"""Read the project's files at a commit, in a DVC experiment or in the workspace."""

import hashlib
import io
import tarfile
from pathlib import Path

from pawtrace.base.errors import DataError
from pawtrace.config.paths import OUTSIDE, PIPELINE
from pawtrace.running.git import GitError, ask_git, git_bytes

WORKSPACE = "workspace"
_HASH = 7  # digits that are shown
_NOT_OURS = {"__pycache__"}
# All commits of all branches: a shallow clone knows only one.
DEEPEN = "git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'"


class Revision:
    """Read access to the project at one revision.

    Attributes:
      name: as the user gave it.
      commit: 40 hex digits; None for the workspace.
    """

    def __init__(self, name: str, commit: str | None) -> None:
        """Use `open_revision`."""
        self.name, self.commit = name, commit

    def __str__(self) -> str:
        """The name, and the commit where the name does not say it; a whole hash is cut."""
        if self.commit is None or self.commit.startswith(self.name):
            return self.name[:_HASH] if self.name == self.commit else self.name
        return f"{self.name} ({self.commit[:_HASH]})"

    def read(self, path: str | Path) -> bytes | None:
        """A file's content; None where there is no such file."""
        if self.commit is not None:
            try:
                return git_bytes("show", f"{self.commit}:./{path}")
            except GitError:
                return None
        file = Path(path)
        return file.read_bytes() if file.is_file() else None

    def read_folder(self, path: str) -> dict[str, bytes]:
        """The content of every file below a folder, by path; nothing where there is no such folder."""
        if self.commit is None:
            return {str(file): file.read_bytes() for file in files_below(Path(path))}
        try:  # one git process for all files: a process a file takes seconds
            # Bytes as committed: `git archive` would convert ends of lines as a checkout does.
            archive = git_bytes(
                "-c", "core.autocrlf=false", "archive", "--format=tar", self.commit, "--", path
            )
        except GitError:
            return {}
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            opened = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
            return {name: file.read() for name, file in opened.items() if file is not None}

    def blobs(self, *prefixes: str) -> dict[str, str]:
        """The files at or below the prefixes, with what git calls their content."""
        if self.commit is not None:
            listed = ask_git("ls-tree", "-r", "-z", self.commit, "--", *prefixes) or ""
            entries = (entry.split("\t", 1) for entry in listed.split("\0") if entry)
            return {path: about.split()[2] for about, path in entries}
        return {str(file): _blob(file) for prefix in prefixes for file in files_below(Path(prefix))}


def open_revision(name: str) -> Revision:
    """Find a revision by any name that git knows, or that of a DVC experiment.

    Args:
      name: a commit, branch, tag, DVC experiment, or `workspace`.
    Raises:
      DataError: there is no such revision, or this is no git repository.
    """
    if not PIPELINE.exists():
        raise DataError(OUTSIDE)
    if ask_git("rev-parse", "--git-dir") is None:
        raise DataError("expected a git repository here, found none; run: git init, and commit the project")
    if name == WORKSPACE:
        return Revision(name, None)
    commit = find_commit(name)
    if commit is None and is_shallow():
        raise DataError(
            f"{name}: expected a git revision of that name, found none: this clone is shallow (it holds only "
            f"the last commits); run: {DEEPEN}"
        )
    if commit is None:
        raise DataError(
            f"{name}: expected a git revision, a DVC experiment or `{WORKSPACE}`, found none of that name; "
            "run: git log --oneline, or dvc exp list"
        )
    return Revision(name, commit)


def find_commit(name: str) -> str | None:
    """The commit that git, or a DVC experiment, calls by a name; None where there is none."""
    commit = ask_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return commit or _experiment(name)


def is_shallow() -> bool:
    """Whether git has only the last commits, as after `git clone --depth 1`."""
    return ask_git("rev-parse", "--is-shallow-repository") == "true"


def commits_between(older: Revision, newer: Revision, path: str) -> list[str]:
    """The commits that touched a path after one revision and up to the other: `abc1234 Subject`.

    Uncommitted edits come first, as `uncommitted`.
    """
    until = newer.commit or "HEAD"
    since = older.commit or "HEAD"
    # The other way round, too: the older one may be the newer one's descendant.
    logs = (
        ask_git("log", "--format=%h %s", commits, "--", path)
        for commits in (f"{since}..{until}", f"{until}..{since}")
    )
    subjects = next((log.splitlines() for log in logs if log), [])
    edited = newer.commit is None and ask_git("status", "--porcelain", "--", path)
    return ["uncommitted", *subjects] if edited else subjects


def _experiment(name: str) -> str | None:
    refs = ask_git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps") or ""
    named = (line.split(" ", 1) for line in refs.splitlines())
    return next((commit for commit, ref in named if ref.rsplit("/", 1)[-1] == name), None)


def _blob(file: Path) -> str:
    """What git calls a file's content; source: git's object format."""
    try:
        content = file.read_bytes()
    except OSError:
        return "unreadable"
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def files_below(path: Path) -> list[Path]:
    """The files of the workspace at or below a path, sorted; what Python caches is none of ours."""
    if path.is_file():
        return [path]
    files = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in files if not _NOT_OURS & set(file.parts))
