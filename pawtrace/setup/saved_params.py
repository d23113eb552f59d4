"""A copy of params.yaml beside it, before a command replaces edits that git does not have."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from pawtrace.base.files import new_file
from pawtrace.config import paths
from pawtrace.running.git import ask_git


def save_uncommitted() -> Path | None:
    """Copy params.yaml to params.before-<time>.yaml; None where git has it as it is."""
    if ask_git("status", "--porcelain", "--", str(paths.PARAMS)) == "":
        return None
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    copy = paths.PARAMS.with_name(f"params.before-{now}.yaml")
    with new_file(copy) as partial:
        shutil.copyfile(paths.PARAMS, partial)
    return copy
