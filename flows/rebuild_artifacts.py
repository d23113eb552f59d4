"""The artifacts of a rebuild in Prefect: differences as tables, the trace, curves, the report, progress."""

import base64
import platform
import re
import subprocess
import sys
from typing import Literal, cast
from uuid import UUID

from prefect.artifacts import (
    create_image_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.say import say
from flows.server_errors import SERVER_ERRORS
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.rebuilding.differences import differences
from pawtrace.report.chart_scale import scale_of
from pawtrace.report.chart_style import WIDE_IN
from pawtrace.report.charts import all_validation_curves
from pawtrace.results.number_words import plural
from pawtrace.results.results import read_results

_STAGE = re.compile(r"^(?:Running stage|Stage) '([^']+)'")
_BAR = re.compile(r"\d%\|")
_STAGES_PER_RECIPE = 2  # train@<recipe>, measure@<recipe>
_NUM_OTHER_STAGES = 5  # resolve, download, split, preprocess, report
_TRACE_S = 300


class Progress:
    """The share of dvc.yaml's stages that dvc has come to, as a progress artifact."""

    def __init__(self, num_recipes: int) -> None:
        """Begin at 0 %."""
        self._num_stages = _STAGES_PER_RECIPE * num_recipes + _NUM_OTHER_STAGES
        self._seen: set[str] = set()
        made = create_progress_artifact(0.0, key="rebuild-progress", description="started")
        self._artifact: UUID | None = cast(UUID, made)  # outside of async code it is one

    def line(self, text: str) -> None:
        """Show a line of dvc's output, and update the progress if it names a stage; skip unfinished bars."""
        if not _BAR.search(text) or "100%|" in text:
            say(text)
        if (found := _STAGE.match(text)) and found[1] not in self._seen:
            done = len(self._seen)  # those before it
            self._seen.add(found[1])
            self._show(
                100 * done / self._num_stages, f"{text.rstrip(':')} ({done} of {self._num_stages} done)"
            )

    def finish(self) -> None:
        """All is done."""
        self._show(100.0, f"{self._num_stages} of {self._num_stages} stages done")

    def _show(self, percent: float, description: str) -> None:
        if self._artifact is None:
            return
        try:
            update_progress_artifact(self._artifact, min(percent, 100.0), description)
        except SERVER_ERRORS as error:  # dvc goes on; Prefect has tried for a minute, and would at each stage
            self._artifact = None
            say(
                f"Prefect's server does not answer ({error!r:.100}); the run continues without progress there"
            )


def show_differences() -> None:
    """Show what changed: metrics against the last commit, params against the last results."""
    _show_difference("metrics")
    _show_difference("params")


def _show_difference(what: Literal["metrics", "params"]) -> None:
    rows = differences(what, say)
    since = {"metrics": "the last commit", "params": "the last commit of results"}[what]
    changed = f"{plural(len(rows), 'value')} changed since {since}" if rows else "nothing changed"
    create_table_artifact(rows, key=f"{what}-diff", description=f"`dvc {what} diff`: {changed}")


def show_trace() -> None:
    """Show why metrics moved; if the trace fails, show that, and let the run continue."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "pawtrace", "trace", "--md"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TRACE_S,
        )
        said, text = ended.stderr.strip().splitlines()[-1:], ended.stdout.strip()
    except subprocess.TimeoutExpired:
        said, text = [f"it took more than {_TRACE_S} s"], ""
    if not text:
        text = f"`pawtrace trace --md` printed nothing: {' '.join(said) or 'no difference'}"
        say(text)
    create_markdown_artifact(text, key="trace", description="why the metrics moved")


def show_curves(params: Params) -> None:
    """Show the validation curves of all recipes."""
    results = list(read_results(params).values())
    chart = all_validation_curves(results, WIDE_IN, scale_of(results, None, params.diagnose))
    picture = base64.b64encode(chart.encode()).decode()
    create_image_artifact(
        f"data:image/svg+xml;base64,{picture}", key="curves", description="validation curves of all recipes"
    )


def show_report() -> None:
    """Say where the report is: a browser opens no file from a page of a server."""
    report = (paths.REPORTS / "report.html").resolve()
    text = f"On {platform.node()}, open this file in a browser:\n\n```\n{report}\n```"
    create_markdown_artifact(text, key="report", description="where the report is")
