"""Work on many images on all cores: results in the order of the items, memory bounded."""

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import cv2
from joblib import cpu_count
from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")
_CHUNK = 16  # items handed over at once
_AHEAD_PER_WORKER = 4  # chunks: enough to keep all workers busy, few enough to hold in memory


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    title: str,
    total: int,
    num_workers: int | None = None,
) -> Iterator[Result]:
    """Apply a function to a stream of items in a pool of threads, with a progress bar.

    Threads suffice: decoding, resizing and encoding images release Python's global lock.

    Args:
      function: called once per item, in parallel.
      items: read only a little ahead of the results.
      title: of the progress bar.
      total: number of items, for the progress bar.
      num_workers: number of threads; one per core when not given. Changes no result.
    Yields:
      The results, in the order of the items.
    """
    num_workers = num_workers or cpu_count()
    cv2.setNumThreads(0)  # the parallelism is here; OpenCV's own threads would only compete
    waiting: deque[Future[list[Result]]] = deque()
    stopped = threading.Event()

    def apply(chunk: list[Item]) -> list[Result]:
        return [function(item) for item in chunk if not stopped.is_set()]

    pool = ThreadPoolExecutor(num_workers)
    try:
        with tqdm(total=total, desc=title, unit=" images", mininterval=1.0) as progress:
            for chunk in _chunks(items):
                waiting.append(pool.submit(apply, chunk))
                if len(waiting) >= _AHEAD_PER_WORKER * num_workers:
                    yield from _finished(waiting.popleft(), progress)
            while waiting:
                yield from _finished(waiting.popleft(), progress)
    finally:
        stopped.set()  # after an error, or when nobody reads on: what is queued is passed over
        pool.shutdown()


def in_order(
    submit: Callable[[Item], "Future[Result]"],
    items: Iterable[Item],
    num_ahead: int,
    result_of: Callable[["Future[Result]"], Result] = Future.result,
) -> Iterator[Result]:
    """The results for these items in their order, while a few more of them are in the making.

    Args:
      submit: begins the work on an item.
      items: read only a little ahead of the results.
      num_ahead: how many of them.
      result_of: waits for the result.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(submit(item))
            if len(waiting) > num_ahead:
                yield result_of(waiting.popleft())
        while waiting:
            yield result_of(waiting.popleft())
    finally:  # work that is broken off leaves nothing in the making
        for future in waiting:
            if not future.cancel():
                future.exception()


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut a stream into short lists: handing work over costs the same for one item and for many."""
    stream = iter(items)
    while chunk := list(itertools.islice(stream, _CHUNK)):
        yield chunk


def _finished(future: Future[list[Result]], progress: tqdm) -> Iterator[Result]:
    results = future.result()
    progress.update(len(results))
    yield from results
