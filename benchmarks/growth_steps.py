"""The steps that `growth.py` measures, each in a process of its own and in the current folder.

Leaves: a line of JSON on stdout: seconds, processor seconds, peak memory.
Run: see growth.py
"""

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pawtrace.config import paths
from pawtrace.config.params import load_params


class Cost(NamedTuple):
    """What a stage took."""

    wall_s: float
    processor_s: float  # of all threads
    peak_mib: float


def download() -> None:
    """The stage."""
    from stages.download import main

    main()


def fingerprints() -> None:
    """The part of `split` that decodes all pictures."""
    from pawtrace.dataset.splitting.looks import look_at_all

    look_at_all(paths.RAW, {}, {})


def duplicates() -> None:
    """The part of `split` that compares all pictures with all, on hashes of which no two are near."""
    from pawtrace.dataset.splitting.duplicates import group_duplicates
    from pawtrace.dataset.splitting.pairs_on_cluster import pairs_for_split

    count = _num_examples()
    hashes = np.random.default_rng(0).integers(0, 2**64, (count, 2, 4), dtype=np.uint64)
    distance = load_params().split.near_duplicate_distance
    group_duplicates([str(number) for number in range(count)], hashes, distance, pairs_for_split)


def split() -> None:
    """The stage, with both of these."""
    from stages.split import main

    main()


def preprocess() -> None:
    """The stage."""
    from stages.preprocess import main

    main()


def open_only() -> None:
    """What a training does before its first step."""
    from pawtrace.dataset.examples.shards import open_records

    open_records(paths.RECORDS)


def open_and_read() -> None:
    """What opening cost when it read and hashed all shards."""
    from pawtrace.dataset.examples.shards import open_records

    for of_split in open_records(paths.RECORDS).values():
        for number in range(len(of_split)):
            of_split[number]


STEPS: dict[str, Callable[[], None]] = {
    step.__name__: step
    for step in (download, fingerprints, duplicates, split, preprocess, open_only, open_and_read)
}


def _num_examples() -> int:
    source = json.loads((paths.RAW / "source.json").read_text(encoding="utf-8"))
    return sum(source["num_examples"].values())


def run_step(name: str) -> None:
    """In a process of its own: print what a step costs, as JSON."""
    step = STEPS[name]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        start, processor = time.perf_counter(), time.process_time()
        step()
        wall_s, processor_s = time.perf_counter() - start, time.process_time() - processor
    print(json.dumps(Cost(wall_s, processor_s, _peak_mib())))


def _peak_mib() -> float:
    """Of this process; `getrusage` would begin with that of the process which started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    run_step(sys.argv[1])
