"""A training that cannot go on says where, why and what to try."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pawtrace.base.errors import DeviceError, TrainingError
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning import fit
from pawtrace.learning.device import Compute
from pawtrace.learning.failures import out_of_memory_named
from pawtrace.learning.learner import Learner
from pawtrace.learning.steps import Metrics
from pawtrace.learning.training import train_classifier
from tests.conftest import write_records
from tests.learning.tiny import tiny_backbone, tiny_train

CPU = Compute("cpu", "float32")
COUNTS = {"train": 40, "validation": 16, "test": 16}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Records]:
    folder = tmp_path_factory.mktemp("records")
    write_records(folder, COUNTS)
    return open_records(folder)


def settings(tmp_path: Path) -> dict[str, Any]:
    return {
        "backbone": str(tiny_backbone(tmp_path / "b.keras")),
        "head": {"pooling": "average", "units": [8]},
        "batch_size": 16,
        "phases": [{"trainable": "all", "num_epochs": 3}],
    }


def break_at(step: int, monkeypatch: pytest.MonkeyPatch, how: Any) -> None:
    """Have the network break down at a step, counted from 1 over all epochs."""
    begin_step, num_steps = Learner.begin_step, 0

    def breaking(self: Learner, inputs: Any, labels: Any) -> Metrics:
        nonlocal num_steps
        num_steps += 1
        metrics = begin_step(self, inputs, labels)
        return how(self, metrics) if num_steps == step else metrics

    monkeypatch.setattr(Learner, "begin_step", breaking)


@pytest.mark.slow
def test_a_loss_that_is_no_number_names_step_rate_and_last_good_checkpoint(
    records: dict[str, Records], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "_CHECKPOINT_INTERVAL_S", 0.0)
    monkeypatch.setattr(fit, "_CHECKPOINT_SHARE", 1e9)
    break_at(5, monkeypatch, lambda _, metrics: metrics | {"loss": float("nan")})
    with pytest.raises(TrainingError) as error:
        train_classifier(tiny_train(**settings(tmp_path), learning_rate=0.25), records, tmp_path / "w", CPU)
    newest = sorted((tmp_path / "w/checkpoints").iterdir())[-1]
    assert re.search("epoch 2, step 2: .*nan", str(error.value))
    assert "0.25" in str(error.value)
    assert str(newest) in str(error.value)
    assert not (tmp_path / "w/training.json").exists()
    assert not (tmp_path / "w/model.keras").exists()


@pytest.mark.slow
def test_broken_weights_never_reach_a_checkpoint(
    records: dict[str, Records], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "_CHECKPOINT_INTERVAL_S", 0.0)
    monkeypatch.setattr(fit, "_CHECKPOINT_SHARE", 1e9)

    def poison(learner: Learner, metrics: Metrics) -> Metrics:
        learner.settle()
        weight = learner.model.trainable_variables[0]
        weight.assign(np.full(weight.shape, np.inf))
        return metrics

    break_at(2, monkeypatch, poison)
    with pytest.raises(TrainingError, match="epoch 1, step 3: .*weight"):
        train_classifier(tiny_train(**settings(tmp_path)), records, tmp_path / "w", CPU)
    for path in (tmp_path / "w/checkpoints").iterdir():
        with np.load(path) as content:
            assert all(np.isfinite(content[name]).all() for name in content.files)


@pytest.mark.parametrize("said", ["RESOURCE_EXHAUSTED: failed to allocate", "CUDA out of memory. Tried"])
def test_too_little_memory_names_the_batch_size_to_try(said: str) -> None:
    with (
        pytest.raises(DeviceError, match="32.*gpu.*train.batch_size 16"),
        out_of_memory_named(32, "gpu"),
    ):
        raise RuntimeError(said)
    with pytest.raises(DeviceError, match="image_size_px"), out_of_memory_named(1, "gpu"):
        raise RuntimeError(said)


def test_too_little_memory_for_predicting_names_its_own_batch_size() -> None:
    with (
        pytest.raises(DeviceError, match=r"evaluate\.batch_size: 64 .*evaluate\.batch_size 32"),
        out_of_memory_named(64, "cpu", "evaluate.batch_size"),
    ):
        raise MemoryError


def test_other_failures_keep_their_traceback() -> None:
    with pytest.raises(RuntimeError, match="something else"), out_of_memory_named(32, "gpu"):
        raise RuntimeError("something else")
