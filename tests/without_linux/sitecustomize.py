"""Takes away what only Linux has, from any Python that starts with this folder on its path.

psutil may read /proc: where there is none, it asks the system in another way.
"""

import os
import sys
from typing import Any

_OF_LINUX = (
    "posix_fallocate", "sched_getaffinity", "sched_setaffinity", "pidfd_open", "memfd_create", "eventfd",
    "splice", "copy_file_range", "setns", "unshare", "getrandom", "process_cpu_count",
)  # fmt: skip
for _name in _OF_LINUX:
    if hasattr(os, _name):
        delattr(os, _name)


def _is_taken_away(path: object) -> bool:
    if not isinstance(path, str | bytes | os.PathLike) or not os.fsdecode(path).startswith("/proc"):
        return False
    frame = sys._getframe(1)
    while frame is not None:
        if "/psutil/" in frame.f_code.co_filename:
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and _is_taken_away(arguments[0]):
        raise FileNotFoundError(2, "No such file or directory", arguments[0])


def _without_proc(original: Any) -> Any:
    def stat(path: Any, *arguments: Any, **options: Any) -> Any:
        if _is_taken_away(path):
            raise FileNotFoundError(2, "No such file or directory", path)
        return original(path, *arguments, **options)

    for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if original in supported:
            supported.add(stat)
    return stat


sys.addaudithook(_hook)
os.stat = _without_proc(os.stat)
os.lstat = _without_proc(os.lstat)
