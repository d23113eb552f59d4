"""No scheduler, no workers, or a cluster that is lost in the middle: one line."""

import contextlib
import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from distributed.comm import CommClosedError
from distributed.utils import LoopRunner

from pawtrace.base.errors import PawtraceError
from pawtrace.running.cluster import connection, loopback
from pawtrace.running.cluster.shard_map import SCHEDULER, map_shards
from tests.conftest import ROOT
from tests.running.cluster.started import double, results, running


@pytest.mark.slow
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "no address at all"])
def test_no_scheduler_is_one_line(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(connection, "_CONNECT_S", 0.2)
    monkeypatch.setenv(SCHEDULER, address)
    with pytest.raises(
        PawtraceError, match=rf"{SCHEDULER}={address}: expected a Dask scheduler.*make cluster"
    ) as error:
        results(double)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_no_client_is_collected_while_another_one_starts_or_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    # A client that never connected waits, when it is collected, for the lock that the other one holds.
    gc.collect()  # the clients of other tests
    collects = []
    for name in ("_start_unlocked", "_stop_unlocked"):
        step = getattr(LoopRunner, name)

        def noted(*arguments: Any, step: Callable[..., None] = step) -> None:
            collects.append(gc.isenabled())
            step(*arguments)

        monkeypatch.setattr(LoopRunner, name, noted)
    with running(1) as (address, _):
        monkeypatch.setenv(SCHEDULER, address)
        assert results(double) == [2 * number for number in range(20)]
    assert collects == [False, False]
    assert gc.isenabled()


@pytest.mark.long
def test_no_worker_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CONNECT_S", 2)
    with running(0) as (address, _):
        monkeypatch.setenv(SCHEDULER, address)
        with pytest.raises(PawtraceError, match="expected workers, found none within 2 s; start one"):
            results(double)


@pytest.mark.long
def test_workers_that_leave_in_the_middle_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_WITHOUT_WORKER_S", 2)
    monkeypatch.setattr(connection, "_LOOK_EVERY_S", 0.5)
    with running(0) as (address, _):
        monkeypatch.setenv(SCHEDULER, address)
        words = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads=1"]
        with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL) as worker:
            done = map_shards(double, range(400), title="t", sizes=[1] * 400)
            assert next(done) == 0
            worker.kill()
            with pytest.raises(PawtraceError, match="expected workers, found none within 2 s"):
                list(done)


@pytest.mark.long
def test_a_lost_scheduler_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(2) as (address, process):
        monkeypatch.setenv(SCHEDULER, address)
        done = map_shards(double, range(400), title="t", sizes=[1] * 400)
        assert next(done) == 0
        process.kill()
        with pytest.raises(PawtraceError, match="the connection to the scheduler was lost") as error:
            list(done)
        assert "\n" not in str(error.value)


def test_a_scheduler_that_ends_while_it_is_asked_for_its_workers_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nthreads() -> dict[str, int]:
        raise CommClosedError("ConnectionPool closing.")

    monkeypatch.setattr(connection, "_LOOK_EVERY_S", 0.01)
    cluster = connection.Cluster("tcp://127.0.0.1:9")
    cluster._client = SimpleNamespace(nthreads=nthreads)
    with pytest.raises(PawtraceError, match="the connection to the scheduler was lost"):
        cluster.result(Future())


def test_a_cluster_that_is_told_to_end_ends_even_if_it_does_not_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes: list[int] = []
    ended = threading.Event()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    @contextlib.contextmanager
    def hanging(*_: int) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(dashboard_link="", scheduler_address="")
        assert ended.wait(10)

    monkeypatch.setattr(loopback, "_CLOSE_S", 0.01)
    monkeypatch.setattr(loopback.os, "_exit", end)
    monkeypatch.setattr(loopback, "loopback_cluster", hanging)
    monkeypatch.setattr(sys, "argv", ["loopback"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    press = threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM])  # received by this other thread
    press.start()
    try:
        loopback.main()
    finally:
        press.join()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert codes == [1]
