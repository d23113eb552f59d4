"""Ask a DVC remote for its folder: exit 0 if the remote answers, even if the folder does not exist.

Over plain HTTP, every failure is reported as "not found", so its cause decides. Over ssh, S3 and the like,
"not found" only means that nothing has been pushed yet.
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
        if files.fs.protocol in ("http", "https") and (failure := _behind(error)):
            sys.exit(failure)
        if files.fs.protocol == "local" and not _can_be_made(Path(files.path)):
            sys.exit(f"{files.path} does not exist and cannot be created; is its disk mounted?")
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _behind(error: FileNotFoundError) -> str | None:
    """What failed, where it was not that the server has no such folder."""
    cause = error.__cause__ or error.__context__
    status = getattr(cause, "status", None)
    if cause is None or status == 404 or isinstance(cause, FileNotFoundError):
        return None
    return f"{type(cause).__name__} {status}: {cause}" if status else f"{type(cause).__name__}: {cause}"


def _can_be_made(folder: Path) -> bool:
    """Whether the folder is only new: dvc makes <remote>/files/md5 in a folder that is there."""
    return any(parent.is_dir() for parent in list(folder.parents)[:3])


if __name__ == "__main__":
    main()
