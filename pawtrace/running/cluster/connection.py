"""A Dask cluster as the place where functions run: the connection, its checks, and its failures in one line.

Arrives: the address of a scheduler. Every worker sees the project's folder under the same path.
"""

import contextlib
import functools
import importlib.metadata
import logging
import platform
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import cv2
from tqdm import tqdm

from pawtrace.base.errors import DeviceError, PawtraceError, first_line
from pawtrace.base.files import fingerprint, sha256_of
from pawtrace.running.importing import garbage_left_alone

Item = TypeVar("Item")
Result = TypeVar("Result")
_CONNECT_S = 10
_WITHOUT_WORKER_S = 60  # a cluster that grows and shrinks may be without any for a while
_LOOK_EVERY_S = 5
_PACKAGE = Path(__file__).parents[2]
_DECIDE_BYTES = (
    "google-crc32c",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "pillow-heif",
    "protobuf",
    "tensorflow",
    "tensorflow-datasets",
)
_SPEAK = ("python", "dask", "distributed", "msgpack", "cloudpickle")  # what both ends must have the same of


class Cluster:
    """A connection to a scheduler, for a `with` block.

    Attributes:
      num_threads: of all workers, at the start.
    """

    def __init__(self, address: str) -> None:
        """Connect when the block begins."""
        self._address = address

    def __enter__(self) -> "Cluster":
        """Connect, and name the dashboard once.

        Raises:
          DeviceError: there is no scheduler, no worker, or one of another version.
        """
        try:
            from distributed import Client
        except ImportError:
            raise self._unusable(
                "expected the package distributed, found none", "pip install -e '.[cluster]'"
            ) from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # we say it ourselves, in one line
        with warnings.catch_warnings(), garbage_left_alone():  # see `_close`
            warnings.simplefilter("ignore")  # of other versions, which are errors here
            try:
                self._client = Client(self._address, timeout=_CONNECT_S, set_as_default=False)
            except Exception as error:  # of name resolution, of the protocol, of the system
                raise self._no_scheduler(error) from None
        try:
            self._check_versions()
            self._client.wait_for_workers(1, timeout=_CONNECT_S)
            self.num_threads = sum(self._client.nthreads().values())
            _announce(self._address, self.num_threads, self._dashboard())
        except BaseException as error:
            self._close()
            if isinstance(error, TimeoutError):
                raise self._no_worker(_CONNECT_S) from None
            raise
        self._executor = self._client.get_executor()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop what is still in the making, and disconnect."""
        with contextlib.suppress(Exception):  # of a lost scheduler
            self._executor.shutdown(wait=False)
        self._close()

    def _close(self) -> None:
        """Disconnect. An earlier client that is collected meanwhile would wait for this one for ever."""
        with garbage_left_alone():
            self._client.close()

    def submit(self, function: Callable[[Item], Result], item: Item) -> "Future[Result]":
        """Have a worker call a function."""
        try:
            future: Future[Result] = self._executor.submit(_checked, function, item, versions_here())
        except Exception:  # the client is closed, or its stream is
            raise self._lost() from None
        return future

    def result(self, future: "Future[Result]") -> Result:
        """Wait for what a function returned.

        Raises:
          DeviceError: the scheduler or all workers are lost, or each worker that tried died.
          Whatever the function raised.
        """
        from distributed.scheduler import KilledWorker

        last_seen = time.monotonic()
        while True:
            try:
                return future.result(_LOOK_EVERY_S)
            except CancelledError:
                raise self._lost() from None
            except KilledWorker:
                raise self._unusable(
                    "the workers that tried one shard died, probably because memory ran out",
                    "give each worker more memory or fewer threads",
                ) from None
            except (ImportError, RuntimeError) as error:
                if not (isinstance(error, ImportError) or "deserialization" in str(error)):
                    raise
                problem = f"the scheduler or a worker lacks code ({first_line(error.__cause__ or error)})"
                raise self._unusable(problem, "install pawtrace there") from error
            except TimeoutError:
                if future.done():  # the function's own
                    raise
                last_seen = time.monotonic() if self._has_workers() else last_seen
                if time.monotonic() - last_seen > _WITHOUT_WORKER_S:
                    raise self._no_worker(_WITHOUT_WORKER_S) from None

    def answers(self, question: Callable[[], Result]) -> dict[str, Result | Exception]:
        """Ask each worker; its address -> its answer, or what it raised.

        Raises:
          DeviceError: the scheduler is lost.
        """
        try:
            answers: dict[str, Result | Exception] = self._client.run(question, on_error="return")
        except Exception:  # the client is closed, or its stream is
            raise self._lost() from None
        return answers

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.nthreads())
        except Exception:  # the scheduler does not answer: it ended while we asked
            raise self._lost() from None

    def _check_versions(self) -> None:
        found = self._client.get_versions()
        ours = _spoken(found["client"])
        for where, theirs in {"the scheduler": found["scheduler"], **found["workers"]}.items():
            for name, version in _spoken(theirs).items():
                if version != ours[name]:
                    raise self._other_version(name, ours[name], version, where)

    def _dashboard(self) -> str:
        try:
            return str(self._client.dashboard_link)
        except KeyError:
            return "none"

    def _unusable(self, problem: str, way_on: str) -> DeviceError:
        return DeviceError(f"PAWTRACE_SCHEDULER={self._address}: {problem}; {way_on}, and run it again")

    def _no_scheduler(self, error: Exception) -> DeviceError:
        problem = f"expected a Dask scheduler, found none within {_CONNECT_S} s ({first_line(error)})"
        return self._unusable(problem, "start one (make cluster), or unset PAWTRACE_SCHEDULER to work here")

    def _no_worker(self, seconds: int) -> DeviceError:
        return self._unusable(
            f"expected workers, found none within {seconds} s",
            f"start one (dask worker {self._address}), or unset PAWTRACE_SCHEDULER to work here",
        )

    def _lost(self) -> DeviceError:
        return self._unusable(
            "the connection to the scheduler was lost; finished work is kept", "start the scheduler"
        )

    def _other_version(self, name: str, expected: str, found: str, where: str) -> DeviceError:
        return DeviceError(_other_version(name, expected, found, f"{where} of {self._address}"))


@functools.cache
def versions_here() -> dict[str, str]:
    """What decides the bytes that a function makes, as this process has it: name -> version."""
    code = {
        path.relative_to(_PACKAGE).as_posix(): sha256_of(path)
        for folder in ("base", "config", "dataset", "learning")
        for path in (_PACKAGE / folder).rglob("*.py")
    }
    libraries = {name: importlib.metadata.version(name) for name in _DECIDE_BYTES}
    return {"Python": platform.python_version(), **libraries, "pawtrace's code": fingerprint(code)[:12]}


def _checked(function: Callable[[Item], Result], item: Item, expected: Mapping[str, str]) -> Result:
    """Call a function on a worker, if the worker has the versions of the process that asks it to."""
    from distributed import get_worker

    cv2.setNumThreads(0)  # a worker has one thread for a task
    for name, version in versions_here().items():
        if version != expected[name]:
            where = f"the worker {get_worker().address}"
            raise PawtraceError(_other_version(name, expected[name], version, where))
    return function(item)


def _other_version(name: str, expected: str, found: str, where: str) -> str:
    return (
        f"PAWTRACE_SCHEDULER: expected {name} {expected}, as here, found {found} on {where}; "
        "install the same there, restart it, and run it again"
    )


def _spoken(versions: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, str]:
    found = {**versions["host"], **versions["packages"]}
    return {name: str(found[name]) for name in _SPEAK}


@functools.cache
def _announce(address: str, num_threads: int, dashboard: str) -> None:
    tqdm.write(f"works on {address}, {num_threads} threads; dashboard: {dashboard}", file=sys.stderr)
