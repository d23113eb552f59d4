"""Fetch from the DVC remote and push to it; retry with growing pauses while the network fails.

`dvc fetch` takes a remote that does not answer for an empty one and succeeds, so `ask` checks it first.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Literal

from pawtrace.base.errors import PawtraceError, in_one_line
from pawtrace.config.sections import RebuildParams
from pawtrace.running.dvc import Ended, Say, ask_dvc, run_dvc

_ANSWER_S = 60
# Numbers as words of their own: dvc names files by digests, and any three digits occur in one.
_REFUSED = re.compile(
    r"\b40[13]\b|forbidden|unauthorized|access ?denied|permission denied|credential|authentication"
    r"|invalidaccesskeyid|signaturedoesnotmatch|permissionerror",
    re.IGNORECASE,
)
_ABSENT = re.compile(r"no such file or directory|\b404\b|not found|does not exist|nosuchkey", re.IGNORECASE)
_SET_UP_WRONGLY = ("config file error", "to be installed")  # dvc-ssh, dvc-s3 and so on


class RemoteError(PawtraceError):
    """The remote cannot be used; a message says whether it will be tried again."""


class RemoteRefusedError(RemoteError):
    """The remote refuses the credentials, or its configuration is wrong: no retry helps."""


def remote_name() -> str | None:
    """The remote that dvc uses here; None where none is set."""
    ended = ask_dvc("config", "core.remote")
    return ended.lines[-1].strip() if ended.code == 0 and ended.lines else None


def bring(remote: str, say: Say) -> None:
    """Fetch the files of dvc.lock that the cache lacks. `dvc repro` makes those that the remote lacks, too.

    Raises:
      RemoteError: the remote does not answer, or the connection broke.
    """
    ask(remote)
    ended = run_dvc(["fetch", "--remote", remote], say)
    failed = [line for line in ended.lines if "failed to transfer" in line]
    if ended.code != 0 and failed and all(_ABSENT.search(line) for line in failed):
        say(f"the remote {remote} lacks {len(failed)} files of dvc.lock; this run makes them again")
        return
    _raise_unless_well(ended, remote, "fetch")


def save(remote: str, say: Say) -> None:
    """Push the files of dvc.lock.

    Raises:
      RemoteError: the remote does not answer, or the connection broke.
    """
    ask(remote)
    _raise_unless_well(run_dvc(["push", "--remote", remote], say), remote, "push")


def ask(remote: str) -> None:
    """Check that the remote answers and accepts the credentials.

    Raises:
      RemoteError: it does not.
    """
    try:
        asked = subprocess.run(
            [sys.executable, "-m", "pawtrace.rebuilding.remote_answer", remote],
            capture_output=True,
            text=True,
            check=False,
            timeout=_ANSWER_S,
        )
    except subprocess.TimeoutExpired:
        raise _error(remote, f"no answer within {_ANSWER_S} s", "fetch") from None
    if asked.returncode != 0:
        raise _error(remote, _last_line(asked.stderr), "fetch")


def with_pauses(work: Callable[[], None], rebuild: RebuildParams, say: Say) -> None:
    """Do work that needs the network; after a failure, retry after a pause, each twice as long as the last.

    Raises:
      RemoteError: the last try failed, or a failure that no retry can cure.
    """
    for attempt in range(rebuild.num_retries + 1):
        try:
            return work()
        except RemoteRefusedError:
            raise
        except RemoteError as error:
            if attempt == rebuild.num_retries:
                raise
            pause_s = rebuild.first_pause_s * 2**attempt
            say(f"{error}; trying again in {pause_s:.0f} s (retry {attempt + 1} of {rebuild.num_retries})")
            time.sleep(pause_s)


def _raise_unless_well(ended: Ended, remote: str, verb: Literal["fetch", "push"]) -> None:
    if ended.code != 0:
        errors = [line for line in ended.lines if line.startswith("ERROR")]
        raise _error(remote, " ".join(errors) or ended.last_words, verb)


def _error(remote: str, found: str, verb: str) -> RemoteError:
    lost = f"nothing on this machine was lost; when the remote works again, run: dvc {verb}"
    if any(words in found for words in _SET_UP_WRONGLY):
        return RemoteRefusedError(
            f"remote {remote}: expected a configuration that dvc can use, found: {in_one_line(found)}; {lost}"
        )
    if _REFUSED.search(found):
        return RemoteRefusedError(f"remote {remote} refused the credentials: {in_one_line(found)}; {lost}")
    return RemoteError(f"remote {remote}: expected an answer, found: {in_one_line(found)}; {lost}")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "nothing")
