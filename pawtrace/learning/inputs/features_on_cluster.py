"""Features of a frozen backbone as a map over shards, where a Dask cluster computes as this process does.

Where features are computed must not change their last digit. So workers compute them only if all have the
same processor, number of cores and libraries as this process, each on a machine of its own; otherwise this
process does. A GPU is faster than a cluster of processors, so its process computes them, too.
"""

import contextlib
import functools
import importlib.metadata
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import keras
import numpy as np
from joblib import cpu_count
from tqdm import tqdm

from pawtrace.base.compute_settings import SETTINGS, settings
from pawtrace.base.errors import DeviceError, first_line
from pawtrace.base.files import new_file, sha256_of
from pawtrace.base.processor import processor
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import MANIFEST, Records, open_records
from pawtrace.learning.device import choose_compute, device_name, prepare_compute
from pawtrace.learning.hosts import is_chief, num_hosts
from pawtrace.learning.inputs.features import FeatureExtractor, LocalExtractor
from pawtrace.learning.inputs.loader import Loader, Place
from pawtrace.learning.networks.keras_files import load_model_file
from pawtrace.learning.progress import Progress
from pawtrace.learning.steps import forward_of
from pawtrace.running.cluster.shard_map import SCHEDULER, answers_of_workers, results_in_order

_LIBRARIES = {"tensorflow": "tensorflow", "jax": "jaxlib", "torch": "torch"}  # that compute, by backend
# Dask sets these for its workers; TensorFlow and JAX have threads of their own.
_OF_DASK = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
_MOST_IMAGES = 512  # of a shard: work for some seconds
_MOST_BYTES = 16 * 2**20  # of a shard's features


class FeatureShard(NamedTuple):
    """Consecutive batches of a split, and what their features depend on."""

    trunk: Path  # absolute, the same on all workers
    trunk_sha256: str
    records: Path  # absolute
    manifest_sha256: str
    split: str
    train: TrainParams
    view: View | None  # augments the images
    places: list[Place]  # of the batches
    environment: dict[str, str]  # what `computing_environment` answered where the shard was made


def computing_environment(train: TrainParams) -> dict[str, str]:
    """What decides the last digits of the features that this process computes: what it is -> as found."""
    try:
        compute = choose_compute(train)
    except DeviceError as error:  # no GPU where the recipe asks for one
        return {"device": str(error)}
    backend, on, chosen = keras.backend.backend(), processor(), settings()
    libraries = (_LIBRARIES[backend], "keras", "albumentations")
    return {
        "device": f"{compute.device} {device_name(compute.device)}",
        "number of devices": str(compute.num_devices),
        "precision": compute.precision,
        "processor": " ".join([on.vendor, on.family, on.model, on.stepping, on.instruction_sets]),
        "number of cores": str(cpu_count()),
        "backend": backend,
        **{name: importlib.metadata.version(name) for name in libraries},
        **{name: chosen.get(name, "") for name in SETTINGS if name not in _OF_DASK},
    }


def features_of(shard: FeatureShard) -> np.ndarray:
    """Compute the features of a shard's images, batch by batch.

    Returns:
      (n, f), in the precision of the run and the order of the shard's examples.
    Raises:
      DeviceError: this process would compute other last digits than the one that made the shard, or does not
        see its files.
    """
    if difference := _difference(shard.environment, computing_environment(shard.train)):
        raise DeviceError(
            f"PAWTRACE_SCHEDULER: a worker that joined on {socket.gethostname()}: {difference}; "
            "stop this worker, then run it again"
        )
    prepare_compute(shard.train)
    forward = _forward(shard.trunk, shard.trunk_sha256)
    records = _records(shard.records, shard.manifest_sha256)
    loader = Loader(records[shard.split], shard.train.image_size_px, shard.view)
    return np.concatenate([forward(loader.load(place)[0]) for place in shard.places])


@contextlib.contextmanager
def feature_extractor(
    trunk: keras.Model, train: TrainParams, progress: Progress, path: Path
) -> Iterator[FeatureExtractor]:
    """What computes a recipe's features: the workers of a cluster, or this process.

    Args:
      trunk: uint8 (b, s, s, 3) -> features (b, f).
      train: the recipe's params.
      progress: the run's clock.
      path: where workers find the trunk for the time of the block.
    """
    try:
        if _workers_equal_this_process(train):
            with new_file(path) as partial:
                trunk.save(partial)
            yield ClusterExtractor(path.resolve(), train, progress, trunk.output_shape[-1])
        else:
            yield LocalExtractor(trunk, train, progress)
    finally:
        if is_chief():  # the other hosts write and remove nothing
            path.unlink(missing_ok=True)  # also what a killed run has left there


class ClusterExtractor:
    """The trunk, computed by the workers of a cluster."""

    def __init__(self, trunk: Path, train: TrainParams, progress: Progress, num_features: int) -> None:
        """The trunk's file and how many features it makes of an image; the clock counts training images."""
        self._trunk, self._sha256, self._train, self._progress = trunk, sha256_of(trunk), train, progress
        batch_bytes = train.batch_size * num_features * np.dtype(np.float32).itemsize
        num_batches = min(_MOST_IMAGES // train.batch_size, _MOST_BYTES // batch_bytes)
        self._num_batches = max(num_batches, 1)  # of a shard

    def features(
        self, records: Records, split: str, view: View | None, places: list[Place]
    ) -> Iterator[np.ndarray]:
        """See `FeatureExtractor`."""
        folder, environment = records.folder.resolve(), computing_environment(self._train)
        manifest_sha256 = sha256_of(folder / MANIFEST)
        shards = (
            FeatureShard(
                self._trunk, self._sha256, folder, manifest_sha256, split, self._train, view,
                places[start : start + self._num_batches], environment,
            )
            for start in range(0, len(places), self._num_batches)
        )  # fmt: skip
        pieces = results_in_order(features_of, shards)
        if split == "train":
            counted = ((piece, None, len(piece)) for piece in pieces)
            pieces = (piece for piece, *_ in self._progress.timed(counted, are_images=True))
        return pieces


def _workers_equal_this_process(train: TrainParams) -> bool:
    if SCHEDULER not in os.environ or num_hosts() > 1:
        return False
    here = computing_environment(train)
    # PyTorch divides sums by OMP_NUM_THREADS, which Dask sets for its workers.
    if choose_compute(train).device != "cpu" or here["backend"] == "torch":
        return False
    answers = answers_of_workers(functools.partial(computing_environment, train))
    reason = _shared_machine(answers)
    for address, answer in answers.items():
        unlike = first_line(answer) if isinstance(answer, Exception) else _difference(here, answer)
        reason = reason or (unlike and f"the worker {address}: {unlike}")
    if reason:
        _say_once(f"features are computed by this process; {reason}")
    return bool(answers) and not reason


def _shared_machine(addresses: Iterable[str]) -> str:
    """Where several workers would compete for the same cores; empty if nowhere."""
    machines = Counter(urlsplit(address).hostname for address in addresses)
    shared = [f"{count} workers share {machine}" for machine, count in machines.items() if count > 1]
    return f"{shared[0]}, and each would use all its cores" if shared else ""


def _difference(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    for name, value in expected.items():
        if (other := found.get(name, "")) != value:
            return (
                f"expected {name} {value or '(none)'}, as for the training process, found {other or '(none)'}"
            )
    return ""


@functools.cache
def _say_once(line: str) -> None:
    tqdm.write(line)


@functools.lru_cache(maxsize=1)
def _forward(path: Path, sha256: str) -> Callable[[np.ndarray], np.ndarray]:
    """The trunk in a file, ready to compute."""
    _require_same(path, sha256)
    return forward_of(load_model_file(path))


@functools.lru_cache(maxsize=1)
def _records(folder: Path, manifest_sha256: str) -> dict[str, Records]:
    """The records of a folder, opened again when they are made anew while a worker runs."""
    _require_same(folder / MANIFEST, manifest_sha256)
    return open_records(folder)


def _require_same(path: Path, sha256: str) -> None:
    """Raise DeviceError if a worker sees another file than the process that sent the shard."""
    found = sha256_of(path) if path.is_file() else "none"
    if found != sha256:
        problem = f"{path}: a worker expected the file with sha256 {sha256[:12]}, found {found[:12]}"
        raise DeviceError(f"{problem}; let all workers see the same folder, and run it again")
