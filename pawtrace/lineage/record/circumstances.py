"""When, by what flow run, on which commit and in what computing environment a piece of work was done."""

import datetime

from pawtrace.base.stage_outputs import StageOutput
from pawtrace.lineage.record.environment import Environment, environment
from pawtrace.running.git import GitError, ask_git
from pawtrace.running.working_tree import edited_files


class Circumstances(StageOutput):
    """When, by what flow run, on which commit and in what computing environment a piece of work was done."""

    start: str  # ISO 8601, UTC
    flow_run_id: str | None
    git_commit: str | None  # none outside of a git repository
    uncommitted: list[str]  # files that differ from the commit; the pipeline's own outputs apart
    environment: Environment | None = None  # None: recorded before pawtrace looked at it

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
    try:
        uncommitted = edited_files()
    except GitError:
        uncommitted = []
    return Circumstances(
        start=start,
        flow_run_id=flow_run_id,
        git_commit=ask_git("rev-parse", "HEAD"),
        uncommitted=uncommitted,
        environment=environment(),
    )
