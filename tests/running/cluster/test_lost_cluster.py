"""No scheduler, no workers, or a cluster that is lost in the middle: one line."""

import subprocess
import sys

import pytest

from pawtrace.base.errors import PawtraceError
from pawtrace.running.cluster import connection
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
