"""Work on shards: on this machine's cores, or on the Dask cluster whose address PAWTRACE_SCHEDULER has.

Where it runs is no param, as it changes no byte of a result: the functions are the same, and a shard's
result depends on the shard and the files that it names.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import cv2
from joblib import cpu_count
from tqdm import tqdm

from pawtrace.base.ordered import in_order

Shard = TypeVar("Shard")
Result = TypeVar("Result")
SCHEDULER = "PAWTRACE_SCHEDULER"
_AHEAD_PER_WORKER = 2  # shards: one that it works on, one that waits
_AHEAD_ON_CLUSTER = 8  # more: one slow shard should not keep many workers waiting


def map_shards(
    function: Callable[[Shard], Result],
    shards: Sequence[Shard],
    *,
    title: str,
    sizes: Sequence[int],
    num_workers: int | None = None,
) -> Iterator[Result]:
    """Apply a function to each shard, several at a time, with a progress bar.

    Args:
      function: of a module of pawtrace, or a `partial` of one: the workers of a cluster import it. It reads
        and writes files by absolute paths, and may be called twice for a shard whose worker was killed.
      shards: what it is called with.
      title: of the progress bar.
      sizes: number of images of each shard, for the progress bar.
      num_workers: threads on this machine; one per core when not given. Changes no result.
    Yields:
      The results, in the order of the shards.
    Raises:
      DeviceError: the cluster cannot be used, or is lost.
      Whatever the function raises.
    """
    with tqdm(total=sum(sizes), desc=title, unit=" images", mininterval=1.0) as progress:
        results = results_in_order(function, shards, num_workers)
        for result, size in zip(results, sizes, strict=True):
            progress.update(size)
            yield result


def results_in_order(
    function: Callable[[Shard], Result], shards: Iterable[Shard], num_workers: int | None = None
) -> Iterator[Result]:
    """As `map_shards`, for a stream of shards, and without a progress bar."""
    if address := os.environ.get(SCHEDULER):
        return _on_cluster(address, function, shards)
    return _on_this_machine(function, shards, num_workers or cpu_count())


def answers_of_workers(question: Callable[[], Result]) -> dict[str, Result | Exception]:
    """What each worker of the cluster that PAWTRACE_SCHEDULER names answers or raises, by its address.

    Raises:
      DeviceError: the cluster cannot be used.
    """
    from pawtrace.running.cluster.connection import Cluster  # imports distributed

    with Cluster(os.environ[SCHEDULER]) as cluster:
        return cluster.answers(question)


def _on_this_machine(
    function: Callable[[Shard], Result], shards: Iterable[Shard], num_workers: int
) -> Iterator[Result]:
    """Threads suffice: decoding, resizing and encoding images release Python's global lock."""
    cv2.setNumThreads(0)  # the parallelism is here; OpenCV's own threads would only compete

    def submit(shard: Shard) -> "Future[Result]":
        return pool.submit(function, shard)

    with ThreadPoolExecutor(num_workers) as pool:
        yield from in_order(submit, shards, _AHEAD_PER_WORKER * num_workers)


def _on_cluster(
    address: str, function: Callable[[Shard], Result], shards: Iterable[Shard]
) -> Iterator[Result]:
    from pawtrace.running.cluster.connection import Cluster  # imports distributed

    with Cluster(address) as cluster:
        yield from in_order(
            lambda shard: cluster.submit(function, shard),
            shards,
            _AHEAD_ON_CLUSTER * cluster.num_threads,
            cluster.result,
        )
