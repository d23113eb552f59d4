"""Run dvc so that it ends together with the process that started it, even if that process is killed.

Run: python -m pawtrace.running.attached_dvc PARENT ARGUMENTS...   (by `run_dvc`, not by hand)
"""

import os
import signal
import sys

from pawtrace.running.processes import end_with


def main() -> int:
    """Watch the parent, then be dvc."""
    parent, *words = sys.argv[1:]
    if os.getppid() != int(parent):  # killed meanwhile
        return 1
    end_with(int(parent), how=signal.SIGTERM)  # dvc ignores SIGINT while a stage runs
    from dvc.cli import main as dvc

    sys.argv[:] = ["dvc", *words]
    return int(dvc(words))


if __name__ == "__main__":
    sys.exit(main())
