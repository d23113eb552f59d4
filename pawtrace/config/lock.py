"""One run of a stage at a time: two would write to the same places."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from pawtrace.config.errors import PawtraceError
from pawtrace.config.paths import WORK


@contextlib.contextmanager
def only_one(name: str) -> Iterator[None]:
    """Hold the lock of a stage; the kernel releases it when the process ends, however it ends.

    Raises:
      PawtraceError: another process holds it.
    """
    path = WORK / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            raise PawtraceError(
                f"another run of it is at work (process {holder}); wait for it to end, or end it"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
