"""Workers that make batches of images ahead, in order: threads, or processes where it is worth them.

A batch depends on its place alone, so no kind and no number of workers changes it. Threads share
Python's lock, which part of every augmentation holds; processes do not, but take seconds to start.
"""

import contextlib
import ctypes
import math
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import Any, Protocol

import cv2
import numpy as np
from joblib import cpu_count

from pawtrace.base.errors import DeviceError
from pawtrace.base.ordered import in_order
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.inputs.loader import Batch, Loader, Place
from pawtrace.running.processes import end_with

_AHEAD_PER_WORKER = 2  # batches: one that it works on, one that waits
_WORTH_PROCESSES = 20_000  # images: a process has made some thousands in the time that it takes to start


class Workers(Protocol):
    """Makes batches ahead, in order."""

    def batches(self, places: Iterable[Place]) -> Iterator[Batch]:
        """The batches of these places; one series after the other."""

    def close(self) -> None:
        """End the workers."""


def workers_for(loader: Loader, batch_size: int, num_images: int) -> Workers:
    """Threads, or processes for many images.

    Args:
      loader: makes a batch.
      batch_size: at most.
      num_images: how many they will make, counted over all epochs.
    """
    num_workers = cpu_count()
    if num_workers == 1 or num_images < _WORTH_PROCESSES:
        return ThreadWorkers(loader, num_workers)
    return ProcessWorkers(loader, batch_size, num_workers)


class ThreadWorkers:
    """Threads of this process."""

    def __init__(self, loader: Loader, num_workers: int) -> None:
        """Start when the first batch is asked for."""
        cv2.setNumThreads(0)  # the parallelism is here
        self._loader, self._num_ahead = loader, _AHEAD_PER_WORKER * num_workers
        self._pool = ThreadPoolExecutor(num_workers)

    def batches(self, places: Iterable[Place]) -> Iterator[Batch]:
        """See `Workers`."""
        return in_order(lambda place: self._pool.submit(self._loader.load, place), places, self._num_ahead)

    def close(self) -> None:
        """See `Workers`."""
        self._pool.shutdown(cancel_futures=True)


class ProcessWorkers:
    """Processes that put images into memory shared with this one; only labels go through a pipe."""

    def __init__(self, loader: Loader, batch_size: int, num_workers: int) -> None:
        """Start them all, while this process goes on.

        Args:
          loader: each gets a copy.
          batch_size: at most.
          num_workers: processes.
        """
        context = _context()
        self._num_ahead = _AHEAD_PER_WORKER * num_workers
        batch_size = min(batch_size, len(loader.records))
        shape = (self._num_ahead + 1, batch_size, loader.size_px, loader.size_px, 3)
        memory = context.RawArray(ctypes.c_uint8, math.prod(shape))
        self._slots = _as_slots(memory, shape)
        self._pool = ProcessPoolExecutor(
            num_workers, context, initializer=_begin, initargs=(loader, memory, shape, os.getpid())
        )
        self._starting = threading.Thread(target=self._start, args=(num_workers,), daemon=True)
        self._starting.start()

    def _start(self, num_workers: int) -> None:
        # All processes inherit this: Ctrl-C reaches them too, and would break some of them half-started.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        with contextlib.suppress(RuntimeError):  # closed already
            for _ in range(num_workers):
                self._pool.submit(_nothing)  # starts one

    def batches(self, places: Iterable[Place]) -> Iterator[Batch]:
        """See `Workers`.

        Raises:
          DeviceError: a worker was killed.
        """

        def submit(numbered: tuple[int, Place]) -> "Future[np.ndarray]":
            number, place = numbered
            return self._pool.submit(_load, number % len(self._slots), place)

        self._starting.join()
        try:
            for number, labels in enumerate(in_order(submit, enumerate(places), self._num_ahead)):
                slot = self._slots[number % len(self._slots)]
                yield slot[: len(labels)].copy(), labels  # the slot is used again
        except BrokenProcessPool:
            raise DeviceError(
                "a process that prepares batches was killed, probably because memory ran out; nothing "
                "finished was lost; lower train.batch_size or free some memory, and run: dvc repro"
            ) from None

    def close(self) -> None:
        """See `Workers`."""
        self._starting.join()
        self._pool.shutdown(cancel_futures=True)


def _context() -> BaseContext:
    """Never plain `fork`: TensorFlow's and JAX's threads do not survive it."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # Imported once, by the process that all workers are copies of; they also import what `python -m` runs.
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    run = [spec.name] if spec is not None and not spec.name.endswith("__main__") else []
    context.set_forkserver_preload([__name__, AugmentedView.__module__, *run])
    return context


def _as_slots(memory: Any, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(memory, np.uint8).reshape(shape)


_loader: Loader
_slots: np.ndarray


def _begin(loader: Loader, memory: Any, shape: tuple[int, ...], parent: int) -> None:
    global _loader, _slots
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    end_with(parent, how=signal.SIGKILL)
    cv2.setNumThreads(0)
    _loader, _slots = loader, _as_slots(memory, shape)


def _nothing() -> None:
    pass


def _load(slot: int, place: Place) -> np.ndarray:
    images, labels = _loader.load(place)
    _slots[slot, : len(images)] = images
    return labels
