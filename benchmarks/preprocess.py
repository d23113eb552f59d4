"""Preprocessing with one worker and with two: images per second and their ratio.

The two take turns, and the median of the rounds counts.
Run: python -m benchmarks.preprocess   (after dvc repro preprocess)
"""

import statistics
import tempfile
import time
from pathlib import Path

from pawtrace.config.params import load_params
from stages.preprocess import write_shards

NUM_ROUNDS = 5


def seconds(num_workers: int) -> float:
    """How long it takes to write all shards."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_shards(Path(folder), load_params().preprocess, num_workers)
        return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    seconds(1)  # warm-up: imports, file cache
    rounds = [(seconds(1), seconds(2)) for _ in range(NUM_ROUNDS)]
    one, two = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratios = [first / second for first, second in rounds]
    print(f"one worker {one:.2f} s, two workers {two:.2f} s")
    print(
        f"two workers / one worker: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
