"""Run a command while nothing else runs DVC here: wait for the project's lock, then become the command.

Run: python -m pawtrace.running.alone COMMAND...   (make repro does)
"""

import os
import sys

from pawtrace.running.entry_point import errors_in_one_line
from pawtrace.running.lock import project_held


def main() -> None:
    """Take the lock and hand it on: it is held until the command ends."""
    with project_held(wait=True) as file:
        os.set_inheritable(file.fileno(), True)
        sys.stdout.flush()
        os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    with errors_in_one_line("repro", again="make repro"):
        main()
