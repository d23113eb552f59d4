"""Ask a DVC remote for its folder: exit 0 where it answers, be the folder there or not.

Filesystems over HTTP turn every failure into "not found": what is behind that is raised again.
Run: python -m pawtrace.rebuilding.remote_answer REMOTE   (by pawtrace.rebuilding.remote)
"""

import sys
from pathlib import Path

from dvc.repo import Repo


def main() -> None:
    """Ask; exit 1 with one line where it does not answer."""
    try:
        files = Repo().cloud.get_remote_odb(sys.argv[1])
        files.fs.info(files.path)
    except FileNotFoundError as error:
        cause = error.__cause__ or error.__context__
        if cause is not None and getattr(cause, "status", 404) != 404:
            sys.exit(f"{type(cause).__name__} {getattr(cause, 'status', '')} {cause}")
        if cause is not None and not hasattr(cause, "status") and not isinstance(cause, FileNotFoundError):
            sys.exit(f"{type(cause).__name__}: {cause}")
        if files.fs.protocol == "local" and not _can_be_made(Path(files.path)):
            sys.exit(f"{files.path} is not there, and cannot be made: is its disk mounted?")
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _can_be_made(folder: Path) -> bool:
    """Whether the folder is only new: dvc makes <remote>/files/md5 in a folder that is there."""
    return any(parent.is_dir() for parent in list(folder.parents)[:3])


if __name__ == "__main__":
    main()
