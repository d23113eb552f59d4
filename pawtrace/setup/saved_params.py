"""Replacing params.yaml: edits that git does not have are saved beside it first."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from pawtrace.base.files import new_file, write_text
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


def replace_params(text: str) -> Path | None:
    """Write params.yaml.

    Returns:
      The copy of what was there; None where nothing would have been lost.
    """
    if not paths.PARAMS.exists() or paths.PARAMS.read_text(encoding="utf-8") == text:
        saved = None
    else:
        saved = save_uncommitted()
    write_text(paths.PARAMS, text)
    return saved
