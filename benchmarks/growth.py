"""How time and memory of each stage grow with the number of pictures, and what a second worker brings.

Growth is measured on small pictures of noise: a picture then costs little, so what grows faster than the
number of pictures shows. Workers are measured on pictures as large as photos. Each stage runs in a process
of its own. Processor time decides the exponent (it does not depend on what else runs); peak memory is that
of the process, its libraries included. `open` is also measured with records without pictures.
Run: python -m benchmarks.growth   (or with other sizes: python -m benchmarks.growth 10000 30000 100000)
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import psutil

from benchmarks.growth_steps import STEPS, Cost
from pawtrace.config import paths
from pawtrace.dataset.examples.records import Record, serialize
from pawtrace.dataset.examples.shards import ShardEntry, shard_name, write_manifest, write_shard
from pawtrace.running.cluster.loopback import loopback_cluster
from pawtrace.running.cluster.shard_map import SCHEDULER
from pawtrace.setup.profiles import profile_text

SIZES = [1000, 3000, 10000]
NUM_ROWS = [10_000, 100_000, 1_000_000]  # of records without pictures
SMALL, AS_PHOTOS = (64, 48), (480, 360)  # width and height; the photos of cats_vs_dogs have some 500 x 375
PER_SHARD, PER_SHARD_OF_PHOTOS = 1024, 256  # several for each worker
MIB = 2**20


def write_archive(path: Path, count: int, size: tuple[int, int]) -> None:
    """Smooth noise of this width and height as JPEG, cats and dogs in turn."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            noise = np.random.default_rng(number).integers(0, 256, (6, 8, 3), dtype=np.uint8)
            picture = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
            content = cv2.imencode(".jpg", picture)[1].tobytes()
            archive.writestr(f"PetImages/{('Cat', 'Dog')[number % 2]}/{number}.jpg", content)


def params_text(per_shard: int) -> str:
    """Of the archive."""
    text = profile_text("sample")
    for old, new in {
        "source: sample": "source: archive",
        "archive: null": "archive: pictures.zip",
        "max_files: 50000": "max_files: 100000000",
        "examples_per_shard: 256": f"examples_per_shard: {per_shard}",
    }.items():
        assert old in text
        text = text.replace(old, new)
    return text


def cost_of(name: str, scheduler: str | None = None) -> Cost:
    """Run a step in the current folder, here or on a cluster."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    environment.pop(SCHEDULER, None)
    if scheduler is not None:
        environment[SCHEDULER] = scheduler
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth_steps", name],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return Cost(*json.loads(done.stdout.splitlines()[-1]))


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of a line through the logarithms: 1 for what grows as the number of pictures."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def report(name: str, costs: dict[int, Cost]) -> None:
    """A row of the table."""
    sizes = list(costs)
    cells = [f"{c.wall_s:.1f} / {c.processor_s:.1f} / {c.peak_mib:.0f}" for c in costs.values()]
    per_picture = (costs[sizes[-1]].peak_mib - costs[sizes[0]].peak_mib) * MIB / (sizes[-1] - sizes[0])
    slope = exponent(sizes[-2:], [costs[size].processor_s for size in sizes[-2:]])
    print(f"| {name} | {' | '.join(cells)} | {slope:.2f} | {per_picture:.0f} |", flush=True)


def table(title: str, sizes: Sequence[int]) -> None:
    """The head of a table."""
    print(
        f"\n{title}: seconds / processor seconds / peak MiB; the exponent of processor time between the two"
    )
    print("largest sizes; the bytes of peak memory that one more picture takes\n")
    print(f"| step | {' | '.join(f'{size:,}' for size in sizes)} | exponent | bytes a picture |")
    print(f"|---|{'---:|' * (len(sizes) + 2)}", flush=True)


@contextlib.contextmanager
def folder_of(count: int, size: tuple[int, int] = SMALL, per_shard: int = PER_SHARD) -> Iterator[None]:
    """A project with so many pictures of this width and height, as the current folder."""
    text = params_text(per_shard)
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        Path("params.yaml").write_text(text, encoding="utf-8")
        write_archive(Path("pictures.zip"), count, size)
        yield


def measure_steps(sizes: Sequence[int]) -> None:
    """Each step at each size."""
    costs: dict[str, dict[int, Cost]] = {name: {} for name in STEPS}
    for size in sizes:
        with folder_of(size):
            for name in STEPS:
                costs[name][size] = cost_of(name)
                print(f"{size} {name} {costs[name][size]}", file=sys.stderr, flush=True)
    table("Pictures of 64 x 48 pixels", sizes)
    for name, of_step in costs.items():
        report(name, of_step)


def measure_opening(sizes: Sequence[int]) -> None:
    """`open_only` on records of one byte."""
    costs = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
            paths.RECORDS.mkdir(parents=True)
            counts = {"train": size - 2 * (size // 10), "validation": size // 10, "test": size // 10}
            entries = [entry for split, count in counts.items() for entry in write_tiny(split, count)]
            write_manifest(paths.RECORDS, 64, entries)
            costs[size] = cost_of("open_only")
    table("Records of one byte", sizes)
    report("open_only", costs)


def write_tiny(split: str, count: int) -> Iterator[ShardEntry]:
    """Shards of records of one byte."""
    starts = range(0, count, PER_SHARD)
    for number, start in enumerate(starts):
        ids = (f"PetImages/Cat/{split}{k}.jpg" for k in range(start, min(start + PER_SHARD, count)))
        path = paths.RECORDS / shard_name(split, number, len(starts))
        yield write_shard(path, (serialize(Record(id, 0, b"x"), 1, 1) for id in ids))


def measure_workers(count: int) -> None:
    """The maps over shards on a cluster of this machine, with one worker and with two.

    The pictures are as large as photos: with small ones, much of the work is the stage's own.
    """
    print("\nOn a cluster of this machine: seconds / processor seconds of the stage / of the workers\n")
    print("| step | one worker | two workers | ratio of the seconds |")
    print("|---|---:|---:|---:|")
    with folder_of(count, AS_PHOTOS, PER_SHARD_OF_PHOTOS):
        for name in ("download", "fingerprints", "duplicates", "split", "preprocess"):
            if name in ("download", "split"):  # what the next step reads
                cost_of(name)
                continue
            one, two = (_on_workers(name, num_workers) for num_workers in (1, 2))
            cells = [
                f"{cost.wall_s:.1f} / {cost.processor_s:.1f} / {used_s:.1f}" for cost, used_s in (one, two)
            ]
            ratio = one[0].wall_s / two[0].wall_s
            print(f"| {name} of {count:,} pictures | {' | '.join(cells)} | {ratio:.2f} |", flush=True)


def _on_workers(name: str, num_workers: int) -> tuple[Cost, float]:
    """A step's cost, and the processor seconds of the workers."""
    with loopback_cluster(num_workers) as cluster:
        cost_of(name, cluster.scheduler_address)  # the workers import what they need
        before = _children_s()
        return cost_of(name, cluster.scheduler_address), _children_s() - before


def _children_s() -> float:
    """Processor seconds of the processes that this one started."""
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return float(sum(each.user + each.system for each in times))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "sizes", type=int, nargs="*", default=SIZES, help="numbers of pictures, small to large"
    )
    arguments = parser.parse_args()
    print(f"load of this machine as it begins: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    measure_steps(arguments.sizes)
    measure_opening(NUM_ROWS)
    measure_workers(arguments.sizes[-1])


if __name__ == "__main__":
    main()
