"""A cluster as `make cluster` starts it, and numbers to be doubled on it."""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from pawtrace.running.cluster.shard_map import SCHEDULER, map_shards
from tests.conftest import ROOT


def double(number: int) -> int:
    """Later shards are done first."""
    time.sleep(0.01 * (5 - number % 5))
    return 2 * number


def results(function: Callable[[int], int], count: int = 20) -> list[int]:
    return list(map_shards(function, range(count), title="t", sizes=[1] * count))


@contextlib.contextmanager
def running(num_workers: int) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """As `make cluster` starts it; its address and its process."""
    words = [
        sys.executable,
        "-m",
        "pawtrace.running.cluster.loopback",
        "--port=0",
        f"--workers={num_workers}",
    ]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline() + process.stdout.readline()
            address = re.search(rf"{SCHEDULER}=(\S+)", said)
            assert address, said
            yield address[1], process
        finally:
            process.terminate()
