"""When, by what flow run and on which commit a piece of work was done."""

import datetime

from pawtrace.base.stage_outputs import StageOutput
from pawtrace.running.git import ask_git

# What the pipeline itself writes into git's tree: changed by every run, and no input of any.
OUTPUTS = ("dvc.lock", "reports/")


class Circumstances(StageOutput):
    """When, by what flow run and on which commit a piece of work was done."""

    start: str  # ISO 8601, UTC
    flow_run_id: str | None
    git_commit: str | None  # none outside of a git repository
    uncommitted: list[str]  # files that differ from the commit; the pipeline's own outputs apart

    @property
    def dirty(self) -> bool:
        """Whether the tree held something that the commit does not."""
        return bool(self.uncommitted)

    @property
    def seconds_ago(self) -> float:
        """How long ago the work started."""
        started = datetime.datetime.fromisoformat(self.start)
        return (datetime.datetime.now(datetime.UTC) - started).total_seconds()


def circumstances(flow_run_id: str | None = None) -> Circumstances:
    """Those of work that starts now, in the current folder."""
    start = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    changed = ask_git("status", "--porcelain=v1", "-z", "--no-renames", "--", ".") or ""
    prefix = ask_git("rev-parse", "--show-prefix") or ""  # of a project within a larger repository
    paths = [entry[3:].removeprefix(prefix) for entry in changed.split("\0") if entry]
    uncommitted = sorted(path for path in paths if not path.startswith(OUTPUTS))
    return Circumstances(
        start=start,
        flow_run_id=flow_run_id,
        git_commit=ask_git("rev-parse", "HEAD"),
        uncommitted=uncommitted,
    )
