"""A Dask cluster on this machine, to try PAWTRACE_SCHEDULER: a scheduler and workers of one thread each.

Run: make cluster, or: python -m pawtrace.running.cluster.loopback
"""

import argparse
import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

from pawtrace.running.cluster.shard_map import SCHEDULER


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
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with loopback_cluster(arguments.workers, arguments.port) as cluster:
        print(f"{arguments.workers} workers; dashboard: {cluster.dashboard_link}", flush=True)
        print(f"to use them: {SCHEDULER}={cluster.scheduler_address} make repro", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
