"""Whoever makes the batches, and however many, they are the same ones, in the same order."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from pawtrace.base.errors import DeviceError
from pawtrace.config.train_params import Transform
from pawtrace.dataset.examples.shards import open_records
from pawtrace.learning.inputs import workers as module
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.inputs.batches import plain_places, shuffled_places
from pawtrace.learning.inputs.loader import Batch, Loader, Place
from pawtrace.learning.inputs.workers import ProcessWorkers, ThreadWorkers, Workers, workers_for
from tests.conftest import ROOT, write_records

POLICY = (
    Transform(name="HorizontalFlip", arguments={"p": 0.5}),
    Transform(name="Affine", arguments={"rotate": [-20, 20], "p": 1.0}),
)
PLACES = [*shuffled_places(42, 8, 0, 0), *shuffled_places(42, 8, 0, 1, first_step=2), *plain_places(42, 8)]


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    folder = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 42, "validation": 2, "test": 2})
    return Loader(open_records(folder)["train"], 32, AugmentedView(POLICY, seed=7), mixup_alpha=0.3, seed=7)


@contextlib.contextmanager
def closing(workers: Workers) -> Iterator[Workers]:
    try:
        yield workers
    finally:
        workers.close()


def expect_equal(found: list[Batch], expected: list[Batch]) -> None:
    for (images, labels), (expected_images, expected_labels) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(images, expected_images)
        np.testing.assert_array_equal(labels, expected_labels)


@pytest.mark.slow
@pytest.mark.parametrize(
    "begin",
    [
        lambda loader: ThreadWorkers(loader, 1),
        lambda loader: ThreadWorkers(loader, 5),
        lambda loader: ProcessWorkers(loader, 8, 1),
        lambda loader: ProcessWorkers(loader, 8, 3),
    ],
)
def test_any_workers_make_the_same_batches_in_order(loader: Loader, begin: Callable[..., Workers]) -> None:
    expected = [loader.load(place) for place in PLACES]
    with closing(begin(loader)) as workers:
        expect_equal(list(workers.batches(PLACES)), expected)
        next(workers.batches(PLACES))  # a series that is broken off
        expect_equal(list(workers.batches(PLACES[3:])), expected[3:])


@pytest.mark.parametrize("num_workers", [1, 3])
def test_only_a_few_batches_are_made_ahead(loader: Loader, num_workers: int) -> None:
    asked: list[int] = []

    def places() -> Iterator[Place]:
        for number in itertools.count():
            asked.append(number)
            yield PLACES[0]

    with closing(ThreadWorkers(loader, num_workers)) as workers:
        batches = workers.batches(places())
        for _ in range(5):
            next(batches)
        assert len(asked) <= 5 + 2 * num_workers
        batches.close()  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_killed_worker_is_one_line_and_closing_leaves_no_process(loader: Loader) -> None:
    before = set(psutil.Process().children(recursive=True))
    with closing(ProcessWorkers(loader, 8, 2)) as workers:
        batches = workers.batches(itertools.cycle(PLACES[:5]))
        next(batches)
        made = [p for p in psutil.Process().children(recursive=True) if p not in before]
        working = [process for process in made if process.memory_info().rss and not process.children()]
        for process in working:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        with pytest.raises(DeviceError, match="a process that prepares batches was killed"):
            list(itertools.islice(batches, 100))


PARENT = """
import itertools, os, sys
from pathlib import Path
from pawtrace.dataset.examples.shards import open_records
from pawtrace.learning.inputs.batches import plain_places
from pawtrace.learning.inputs.loader import Loader
from pawtrace.learning.inputs.workers import ProcessWorkers
if __name__ == "__main__":
    workers = ProcessWorkers(Loader(open_records(Path(sys.argv[1]))["train"], 32), 8, 2)
    for _ in workers.batches(itertools.cycle(plain_places(42, 8))):
        print("made", flush=True)
"""


@pytest.mark.slow
def test_workers_end_with_a_parent_that_is_killed(loader: Loader, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    folder = loader.records.folder
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, str(script), str(folder)]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "made\n"
        started = psutil.Process(parent.pid).children(recursive=True)
        assert len(started) >= 3
        parent.kill()
    _, alive = psutil.wait_procs(started, timeout=15)
    assert not alive


def test_processes_are_for_many_images_on_several_cores(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = []
    for num_cores, num_images in [(1, 10**6), (2, 19_999), (2, 20_000)]:
        monkeypatch.setattr(module, "cpu_count", lambda num_cores=num_cores: num_cores)
        monkeypatch.setattr(module, "ProcessWorkers", lambda *_: ThreadWorkers(loader, 99))
        with closing(workers_for(loader, 8, num_images)) as workers:
            kinds.append(workers._pool._max_workers)  # type: ignore[attr-defined]
    assert kinds == [1, 2, 99]


def test_an_error_in_a_worker_arrives(loader: Loader) -> None:
    def fails(*_: object) -> np.ndarray:
        raise ValueError("no such view")

    with closing(ThreadWorkers(Loader(loader.records, 32, fails), 2)) as workers:
        start = time.monotonic()
        with pytest.raises(ValueError, match="no such view"):
            list(workers.batches(PLACES))
        assert time.monotonic() - start < 60
