"""A Dask cluster on this machine, to try PAWTRACE_SCHEDULER: a scheduler and workers of one thread each.

Run: make cluster, or: python -m pawtrace.running.cluster.loopback
"""

import argparse
import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

from pawtrace.running.cluster.shard_map import SCHEDULER

_CLOSE_S = 20


@contextlib.contextmanager
def loopback_cluster(num_workers: int, port: int = 0) -> Iterator[Any]:
    """Start a scheduler, and workers that are started again when they die.

    Args:
      num_workers: processes.
      port: of the scheduler; 0 for any that is free.
    Yields:
      The `distributed.LocalCluster`.
    """
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=num_workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        scheduler_port=port,
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster


def main() -> None:
    """Run until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="number of processes (default: 2)")
    parser.add_argument("--port", type=int, default=8786, help="of the scheduler (default: 8786)")
    arguments = parser.parse_args()
    told: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.append(number))
    with loopback_cluster(arguments.workers, arguments.port) as cluster:
        print(f"{arguments.workers} workers; dashboard: {cluster.dashboard_link}", flush=True)
        print(f"to use them: {SCHEDULER}={cluster.scheduler_address} make repro", flush=True)
        while not told:  # a wait without an end would sleep on after a signal that another thread received
            time.sleep(0.2)
        _exit_after(_CLOSE_S)


def _exit_after(seconds: float) -> None:
    """End this process, even if Dask still waits for a worker that died; the workers end with it."""
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
