"""Features of a frozen backbone have the same bits wherever they are computed."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.base.errors import DeviceError
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning.device import Compute
from pawtrace.learning.inputs import features_on_cluster
from pawtrace.learning.inputs.batches import plain_places
from pawtrace.learning.inputs.features_on_cluster import FeatureShard, computing_environment, features_of
from pawtrace.learning.training import train_classifier
from pawtrace.running.cluster.shard_map import SCHEDULER
from tests.conftest import write_records
from tests.learning.tiny import tiny_backbone, tiny_train
from tests.running.cluster.started import running

pytestmark = pytest.mark.slow


def features_after_a_death(shard: FeatureShard, marker: Path) -> np.ndarray:
    """The worker that is asked first dies."""
    with contextlib.suppress(FileExistsError):
        marker.touch(exist_ok=False)
        os.kill(os.getpid(), signal.SIGKILL)
    return features_of(shard)


@pytest.fixture(autouse=True)
def _leave_tensorflow_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's process is its own; here it is the tests'."""
    monkeypatch.setattr(features_on_cluster, "prepare_compute", lambda _: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 45, "validation": 21, "test": 2})
    return folder


@pytest.fixture(scope="module")
def records(folder: Path) -> dict[str, Records]:
    return open_records(folder)


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> TrainParams:
    backbone = tiny_backbone(tmp_path_factory.mktemp("backbone") / "b.keras")
    return tiny_train(
        backbone=str(backbone),
        head={"pooling": "average", "units": [8]},
        batch_size=8,
        augmentation=[{"name": "HorizontalFlip", "arguments": {"p": 0.5}}],
        num_views=2,
        phases=[{"trainable": "none", "num_epochs": 3}],
    )


@pytest.fixture(scope="module")
def two_workers() -> Iterator[str]:
    with running(2) as (address, _):
        yield address


def trained(train: TrainParams, records: dict[str, Records], work: Path) -> tuple[str, list[np.ndarray], Any]:
    """History, weights and last signals of a run, without its times."""
    keras.utils.set_random_seed(train.seed)
    work.mkdir()
    train_classifier(train, records, work, Compute("cpu", "float32"))
    assert not (work / "trunk.keras").exists()
    weights = keras.saving.load_model(work / "model.keras", compile=False).get_weights()
    return (work / "history.csv").read_text(), weights, json.loads((work / "signals.json").read_text())


def assert_same(there: tuple[str, list[np.ndarray], Any], here: tuple[str, list[np.ndarray], Any]) -> None:
    assert there[0] == here[0]
    assert all((a == b).all() for a, b in zip(there[1], here[1], strict=True))
    assert there[2] == here[2]


def shard_of(train: TrainParams, folder: Path, trunk: Path, **changes: Any) -> FeatureShard:
    none, places, here = "0" * 64, plain_places(45, 8), computing_environment(train)
    shard = FeatureShard(trunk, none, folder, none, "train", train, None, places, here)
    return shard._replace(**changes)


def test_the_same_bits_here_on_a_cluster_and_after_a_workers_death(
    train: TrainParams,
    records: dict[str, Records],
    two_workers: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    here = trained(train, records, tmp_path / "here")
    monkeypatch.setenv(SCHEDULER, two_workers)
    monkeypatch.setattr(features_on_cluster, "_MOST_IMAGES", 16)  # several shards a view
    monkeypatch.setattr(features_on_cluster, "LocalExtractor", None)  # it must be the workers
    monkeypatch.setattr(features_on_cluster, "_shared_machine", lambda _: "")  # they do, in a test
    assert_same(trained(train, records, tmp_path / "there"), here)
    marker = tmp_path / "died"
    monkeypatch.setattr(features_on_cluster, "features_of", partial(features_after_a_death, marker=marker))
    assert_same(trained(train, records, tmp_path / "after"), here)
    assert marker.exists()


def test_workers_that_compute_otherwise_compute_no_features(
    train: TrainParams,
    records: dict[str, Records],
    two_workers: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    here = trained(train, records, tmp_path / "here")
    monkeypatch.setenv(SCHEDULER, two_workers)
    features_on_cluster._say_once.cache_clear()
    assert_same(trained(train, records, tmp_path / "beside"), here)
    assert "2 workers share 127.0.0.1, and each would use all its cores" in capsys.readouterr().out
    monkeypatch.setattr(features_on_cluster, "_shared_machine", lambda _: "")
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")  # the workers run without
    monkeypatch.setattr(features_on_cluster, "results_in_order", None)
    features_on_cluster._say_once.cache_clear()
    assert_same(trained(train, records, tmp_path / "there"), here)
    said = capsys.readouterr().out
    assert "features are computed by this process; the worker tcp://127.0.0.1:" in said
    assert "expected TF_NUM_INTRAOP_THREADS 7, as for the training process, found (none)" in said


def test_a_worker_that_joins_later_and_computes_otherwise_ends_the_run(
    train: TrainParams, folder: Path, tmp_path: Path
) -> None:
    other = computing_environment(train) | {"number of cores": "100"}
    with pytest.raises(
        DeviceError, match=r"number of cores 100, as for the training process, found \d+; stop this worker"
    ):
        features_of(shard_of(train, folder, tmp_path / "trunk.keras", environment=other))


def test_a_worker_that_sees_another_trunk_ends_the_run(
    train: TrainParams, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "trunk.keras").write_bytes(b"another")
    for found in (r"\w+", "none"):
        with pytest.raises(
            DeviceError, match=rf"trunk\.keras: .* sha256 000000000000, found {found}; let all"
        ):
            features_of(shard_of(train, folder, tmp_path / "trunk.keras"))
        (tmp_path / "trunk.keras").unlink(missing_ok=True)


def test_a_trunk_that_a_killed_run_left_is_removed_without_a_cluster_too(
    train: TrainParams, records: dict[str, Records], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "trunk.keras").write_bytes(b"left by a killed run")
    train_classifier(train, records, work, Compute("cpu", "float32"))
    assert not (work / "trunk.keras").exists()
