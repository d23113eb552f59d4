"""The scheduled run: fetch data, `dvc repro`, compare with the promoted model, promote or refuse, save.

Arrives: the last commit, params.yaml, the DVC remote where one is set. Leaves: what `dvc repro` leaves,
perhaps another promoted model, a commit on a branch rebuild/<date>, artifacts of the flow run.
Run: python -m flows.rebuild   (a server is not needed; prefect.yaml has the deployments)
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from prefect import flow, tags, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Failed

from flows import rebuild_artifacts, verdict
from flows.ending import ends_in_time
from flows.gpu import gpu_held
from flows.rebuild_artifacts import Progress
from flows.say import say
from flows.server_answers import wait_for_server
from flows.server_errors import server_errors_named
from flows.stale_runs import TAG, crash_ended_runs, process_tag, tag_this_run
from flows.temporary_server import prefect_server
from flows.verdict import Verdict
from pawtrace.base.errors import PawtraceError, TrainingError, in_one_line, is_disk_full
from pawtrace.config.params import Params, load_params
from pawtrace.rebuilding import checkout, remote
from pawtrace.rebuilding.saving import commit_results
from pawtrace.rebuilding.secrets import refuse_secrets
from pawtrace.running.dvc import run_dvc
from pawtrace.running.entry_point import disk_full_line, errors_in_one_line
from pawtrace.running.git import git
from pawtrace.running.lock import ProjectBusyError, project_held
from pawtrace.running.working_tree import edited_files

_AGAIN = "python -m flows.rebuild"
_NOT_KEPT = "ERROR: failed to transfer"  # into its cache: DVC writes dvc.lock all the same, and continues
REFUSED = "pawtrace.promotion.refused"  # the event that a notification can be asked for


@task(cache_policy=NO_CACHE)
def bring(params: Params, name: str) -> None:
    """See pawtrace.rebuilding.remote.bring; retried while the network fails."""
    remote.with_pauses(lambda: remote.bring(name, say), params.rebuild, say)


@task(cache_policy=NO_CACHE)
def reproduce(params: Params, lock: IO[str]) -> None:
    """Run `dvc repro`, with its lines in the log; the training flows run on this flow's server.

    Raises:
      TrainingError: a stage failed, or DVC could not keep what one wrote.
    """
    progress = Progress(len(params.recipes))
    not_kept: list[str] = []

    def line(text: str) -> None:
        if text.startswith(_NOT_KEPT):
            not_kept.append(in_one_line(text, 300))
        progress.line(text)

    inner = {"PREFECT_API_URL": PREFECT_API_URL.value() or "", TAG: f"rebuild:{flow_run.id}"}
    ended = run_dvc(["--wait-for-lock", "repro"], line, lock=lock, environment=inner)
    if ended.code != 0:
        raise _failed(ended.last_words)
    if not_kept:
        raise _failed(not_kept[0])
    progress.finish()


def _failed(last_words: str) -> TrainingError:
    reason = last_words.split("; finished work is kept")[0]  # a stage's advice is to run the stage alone
    room = "free some space and " if is_disk_full(TrainingError(reason)) else ""
    return TrainingError(f"dvc repro: {reason}; finished work is kept; {room}run: {_AGAIN}")


@task(cache_policy=NO_CACHE)
def judge(params: Params) -> Verdict:
    """See flows.verdict.judge; a refusal emits an event, for notifications."""
    found = verdict.judge(params)
    say(found.sentence)
    if found.is_refused:
        emit_event(
            REFUSED,
            resource={"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"},
            payload={"recipe": found.recipe, "sentence": found.sentence},
        )
    return found


@task(cache_policy=NO_CACHE)
def promote(found: Verdict) -> None:
    """See flows.verdict.promote."""
    verdict.promote(found)


@task(cache_policy=NO_CACHE)
def save(params: Params, repository: Path, base: str, sentence: str, name: str | None) -> str:
    """Commit the results to a separate branch, then push DVC's data to the remote.

    Returns:
      Where the results are, in words.
    """
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    message = f"Rebuild of {base[:10]}: {sentence}\n\nFlow run {flow_run.id}"
    saved = commit_results(repository, base, date, message)
    unchanged = f"the results are the same as at {base[:10]}"
    where = unchanged if saved.branch is None else f"the results are on the branch {saved.branch}"
    say(where)
    if name is not None:
        remote.with_pauses(lambda: remote.save(name, say), params.rebuild, say)
    return where


@task(cache_policy=NO_CACHE)
def show(params: Params) -> None:
    """Show the outcome in the flow run's artifacts."""
    rebuild_artifacts.show_differences()
    rebuild_artifacts.show_trace()
    rebuild_artifacts.show_curves(params)
    rebuild_artifacts.show_report()


@flow(name="rebuild")
def rebuild(
    when_busy: Literal["wait", "skip"] | None = None,
    when_dirty: Literal["refuse", "clone"] | None = None,
    promotion: bool = True,
) -> State[None]:
    """Rebuild, one at a time.

    Args:
      when_busy: overrides rebuild.when_busy of params.yaml.
      when_dirty: overrides rebuild.when_dirty of params.yaml.
      promotion: whether to compare the best recipe with the promoted model and to promote it.
    """
    tag_this_run()
    say(_stamped("started"))
    crash_ended_runs(flow_run.name)
    try:
        refuse_secrets()
        settings = load_params().rebuild
        wait = (when_busy or settings.when_busy) == "wait"
        with project_held(wait=wait, say=say, name=f"flow run {flow_run.name}") as lock:
            crash_ended_runs(flow_run.name)  # of the one that this run waited for, perhaps
            said = _rebuild_here(lock, when_dirty or settings.when_dirty, promotion)
    except ProjectBusyError as busy:
        say(_stamped(f"skipped: {busy}"))
        return Completed(name="Skipped", message=str(busy))
    except Exception as error:
        if not is_disk_full(error) and not isinstance(error, PawtraceError):
            raise
        told = isinstance(error, TrainingError)  # where a stage found the disk full, it is said already
        said = disk_full_line(error, again=_AGAIN) if is_disk_full(error) and not told else str(error)
        say(_stamped(f"failed: {said}"))
        return Failed(message=said)
    say(_stamped(f"completed: {said}"))
    return Completed(message=said)


def _stamped(words: str) -> str:
    """With date and name: the log of a worker holds many runs."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, flow run {flow_run.name} {words}"


def _rebuild_here(lock: IO[str], when_dirty: str, promotion: bool) -> str:
    checkout.repair_lock_file(say)
    base, repository = git("rev-parse", "HEAD"), Path(git("rev-parse", "--absolute-git-dir"))
    with _workplace(when_dirty):
        refuse_secrets()
        params = load_params()  # once: an edit meanwhile changes nothing of this run
        name = remote.remote_name()
        if name is None:
            say("no DVC remote is set, so no data is fetched or pushed")
        else:
            bring(params, name)
        with gpu_held():
            reproduce(params, lock)
        checkout.refuse_change(base)
        sentence = _judged(params) if promotion else f"{len(params.recipes)} recipes are up to date"
        show(params)
        where = save(params, repository, base, sentence, name)
    return f"{sentence}; {where}"


def _judged(params: Params) -> str:
    found = judge(params)
    if found.decision.promote:
        promote(found)
    return found.sentence


@contextlib.contextmanager
def _workplace(when_dirty: str) -> Iterator[None]:
    """Stay in this folder; if it has edits, refuse, or work in a clone of the last commit."""
    if when_dirty == "clone" and edited_files():
        with checkout.clean_clone(say):
            yield
    else:
        checkout.refuse_edits()
        yield


def main() -> None:
    """Run the flow by hand: on the server that PREFECT_API_URL names, or on a temporary one."""
    # It takes no arguments; `--help` must not start an hour of work.
    argparse.ArgumentParser(prog="python -m flows.rebuild", description=__doc__).parse_args()
    wait_for_server(say)
    with (
        prefect_server() as url,
        temporary_settings({PREFECT_API_URL: url}),
        tags(process_tag()),
        server_errors_named(url),
    ):
        state = rebuild(return_state=True)
    if state.is_failed() or state.is_crashed():
        print(f"pawtrace rebuild: {state.message}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    with ends_in_time(), errors_in_one_line("rebuild", again=_AGAIN):
        main()
