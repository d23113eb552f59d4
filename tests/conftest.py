"""What many tests share: tiny params, tiny pictures, tiny records."""

import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from pawtrace.config.params import Params, load_params, merged

if TYPE_CHECKING:
    from pawtrace.dataset.examples import shards

ROOT = Path(__file__).parent.parent
PARAMS = ROOT / "tests/params.yaml"  # tiny, and the tests' own: any profile may be active

WriteParams = Callable[..., Params]

# Looking for garbage while TensorFlow is imported takes a quarter of the time that the import takes.
gc.disable()

# `pawtrace diagnose` lets oneDNN multiply in bfloat16, for its own process; here that is everybody's process,
# and oneDNN reads the variable only once: the tests after it would have rounded numbers.
os.environ.setdefault("ONEDNN_DEFAULT_FPMATH_MODE", "STRICT")
# Several test processes share the cores: each one's BLAS threads would wait for each other in busy loops.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Of a tiny network's training on JAX, compiling takes most of the time.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

# A script's `make test &` has Ctrl-C ignored, by whatever the tests start too; some of them press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow files first, so that no process waits long for another one's last file."""
    items.sort(key=_runs_late)


def _runs_late(item: pytest.Item) -> tuple[bool, bool]:
    """Behind what is marked slow, and behind the tests of the whole project: the longest files."""
    is_marked = bool({"slow", "long"} & {mark.name for mark in item.iter_markers()})
    return not is_marked, item.path.parent != ROOT / "tests"


def pytest_collection_finish() -> None:
    """From now on, garbage is looked for among what the tests make, not among all that was imported."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _tensorflow_stays_as_it_was() -> Iterator[None]:
    """Whoever runs next in this process would compute otherwise, and nobody would know why."""
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework.config import is_op_determinism_enabled

        assert not is_op_determinism_enabled(), "a test has left TensorFlow deterministic"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write_params(project: Path) -> WriteParams:
    """Write params.yaml: the tests' params with changes merged into them."""

    def write(changes: dict[str, Any] | None = None) -> Params:
        # JSON is YAML, and is written in a tenth of the time.
        (project / "params.yaml").write_text(
            json.dumps(merged(_params(), changes or {}), sort_keys=True, indent=1)
        )
        return load_params()

    return write


@cache
def _params() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe", pure=True).load(PARAMS)
    return content


def picture(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """A random smooth picture: uint8 (height, width, 3), a different one for every seed."""
    import cv2

    noise = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))


def write_records(folder: Path, counts: dict[str, int], size_px: int = 32, per_shard: int = 8) -> None:
    """Write shards and manifest of random pictures, cats and dogs in turn; dogs are brighter."""
    from pawtrace.dataset.examples.pixels import encode_jpeg
    from pawtrace.dataset.examples.records import Record, serialize
    from pawtrace.dataset.examples.shards import write_manifest

    def record(split: str, number: int) -> bytes:
        label = number % 2
        pixels = picture(number + 1000 * len(split), size_px, size_px + 8) // 2 + np.uint8(100 * label)
        record = Record(f"{split}/{number}.jpg", label, encode_jpeg(pixels, 95))
        return serialize(record, *pixels.shape[:2])

    splits = {split: [record(split, number) for number in range(count)] for split, count in counts.items()}
    write_manifest(folder, size_px, write_splits(folder, splits, per_shard))


def write_splits(
    folder: Path, splits: dict[str, list[bytes]], per_shard: int = 256
) -> "list[shards.ShardEntry]":
    """Write serialized records as shards."""
    from pawtrace.dataset.examples.shards import shard_name, write_shard

    folder.mkdir(parents=True, exist_ok=True)
    return [
        write_shard(
            folder / shard_name(split, start // per_shard, -(-len(records) // per_shard)),
            records[start : start + per_shard],
        )
        for split, records in splits.items()
        for start in range(0, len(records), per_shard)
    ]
