"""Where a run works: in this folder if it has no edits, or in a clean clone of the last commit."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import write_text
from pawtrace.base.yaml_files import read_yaml
from pawtrace.config import paths
from pawtrace.running.dvc import Say, ask_dvc
from pawtrace.running.git import git
from pawtrace.running.working_tree import edited_files

CLONE = paths.WORK / "clone"


class DirtyTreeError(PawtraceError):
    """There are uncommitted edits, so the results of a run could not be traced to a commit."""


def refuse_edits() -> None:
    """Raise DirtyTreeError if there are uncommitted edits."""
    if edited := edited_files():
        more = f" and {len(edited) - 3} more" if len(edited) > 3 else ""
        raise DirtyTreeError(
            f"the working tree: expected no uncommitted edits for a scheduled run, found "
            f"{', '.join(edited[:3])}{more}; commit them, or set rebuild.when_dirty: clone in {paths.PARAMS}"
        )


def refuse_change(base: str) -> None:
    """Raise DirtyTreeError if there was a commit, a checkout or an edit since the run started on `base`.

    The results may then come from either state, and must not be saved as those of `base`.
    """
    if git("rev-parse", "HEAD") != base or edited_files():
        raise DirtyTreeError(
            f"the working tree: expected {base[:10]} without changes until the end of the run, found a "
            "commit or an edit; this run promotes and saves nothing; commit or undo the edit, then run: "
            "python -m flows.rebuild"
        )


def repair_lock_file(say: Say) -> None:
    """Take dvc.lock from the last commit where a kill cut it off: DVC rewrites it in place."""
    try:
        content = read_yaml(paths.LOCK)
        whole = isinstance(content, dict) and "stages" in content
    except FileNotFoundError:
        return
    except ValueError:
        whole = False
    if not whole:
        say(f"{paths.LOCK} was cut off by a kill; restoring it from the last commit")
        if not git("ls-files", "--", str(paths.LOCK)):
            paths.LOCK.unlink()
            return
        write_text(paths.LOCK, git("show", f"HEAD:./{paths.LOCK}") + "\n")


@contextlib.contextmanager
def clean_clone(say: Say) -> Iterator[Path]:
    """Work in a clone of the last commit, with this project's cache, remote, archives and weights.

    The clone stays in .pawtrace/clone, so that an interrupted training there can resume.
    """
    commit, folder = git("rev-parse", "HEAD"), CLONE.resolve()
    if not (folder / ".git").is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        git("clone", "--quiet", "--no-checkout", ".", str(folder))
    git("fetch", "--quiet", "origin", commit, folder=folder)
    git("checkout", "--quiet", "--detach", "--force", commit, folder=folder)
    git("clean", "--quiet", "--force", "-d", folder=folder)
    say(f"there are uncommitted edits: working on a clone of {commit[:10]} in {CLONE}")
    _share(folder)
    _share_promoted(folder)
    with contextlib.chdir(folder):
        yield folder


def _share(folder: Path) -> None:
    """Give the clone what git does not have: DVC's cache and remotes, the user's archives and weights."""
    cache = ask_dvc("cache", "dir").lines[-1]
    remotes = ask_dvc("remote", "list").lines
    local = Path(".dvc/config.local")
    if local.exists():
        shutil.copy2(local, folder / local)
    for place in (paths.ARCHIVES, paths.WEIGHTS):
        shutil.rmtree(folder / place, ignore_errors=True)  # what was there the last time
        shutil.copytree(place, folder / place, copy_function=_link)
    with contextlib.chdir(folder):
        ask_dvc("cache", "dir", "--local", cache)
        for name, url in (line.split()[:2] for line in remotes):
            if url.startswith("/"):  # it was relative, perhaps, to the folder of its config
                ask_dvc("remote", "modify", "--local", name, "url", url)


def _share_promoted(folder: Path) -> None:
    """Name to the clone the model in use here, which need not be that of the commit, to compare with."""
    if paths.PROMOTED_POINTER.exists():
        shutil.copy2(paths.PROMOTED_POINTER, folder / paths.PROMOTED_POINTER)


def _link(source: str, target: str) -> None:
    try:
        Path(target).hardlink_to(source)
    except OSError:  # another filesystem
        shutil.copy2(source, target)
