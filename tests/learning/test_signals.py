"""Signals during training: both modes on the same pictures, and how far a step moves the weights."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning.device import Compute
from pawtrace.learning.networks.backbones import normalizations
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.signals import is_measured, modes_of, num_examples
from pawtrace.learning.training import train_classifier
from tests.conftest import write_records
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Records]:
    folder = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 40, "validation": 16, "test": 16})
    return open_records(folder)


def signals_of(records: dict[str, Records], work: Path, **changes: Any) -> dict[str, Any]:
    backbone = str(tiny_backbone(work / "b.keras"))
    settings: dict[str, Any] = {
        "backbone": backbone,
        "head": {"pooling": "average", "units": [8]},
        "early_stopping": None,
    }
    train = tiny_train(**(settings | changes))
    keras.utils.set_random_seed(0)
    train_classifier(train, records, work, Compute("cpu", "float32"))
    content: dict[str, Any] = json.loads((work / "signals.json").read_text())
    return content


def phases(trainable: str, num_epochs: int) -> list[dict[str, Any]]:
    return [{"trainable": trainable, "num_epochs": num_epochs}]


def test_each_epoch_has_its_signals_for_each_block_that_trains(
    records: dict[str, Records], tmp_path: Path
) -> None:
    found = signals_of(records, tmp_path, phases=phases("all", 2))
    assert [each["epoch"] for each in found["epochs"]] == [1, 2]
    for epoch in found["epochs"]:
        assert [block["name"] for block in epoch["blocks"]] == ["normalized", "last", "dense1", "logit"]
        assert all(0 < block["update_ratio"] < 0.1 for block in epoch["blocks"])
        assert all(block["gradient_rms"] > 0 for block in epoch["blocks"])
        assert epoch["penalty_share"] == 0


def test_a_smaller_rate_moves_the_weights_less(records: dict[str, Records], tmp_path: Path) -> None:
    ratios = []
    for rate in (1e-3, 1e-5):
        work = tmp_path / str(rate)
        work.mkdir()
        found = signals_of(records, work, phases=phases("all", 1), learning_rate=rate)
        ratios.append(found["epochs"][0]["blocks"][-1]["update_ratio"])
    assert ratios[0] == pytest.approx(100 * ratios[1], rel=0.3)


def test_a_frozen_backbone_has_signals_of_its_head_alone(records: dict[str, Records], tmp_path: Path) -> None:
    found = signals_of(records, tmp_path, phases=phases("none", 3), head={"l2": 0.5})
    assert [block["name"] for block in found["epochs"][0]["blocks"]] == ["dense1", "logit"]
    assert 0.1 < found["epochs"][0]["penalty_share"] < 1


def test_averages_that_lag_show_as_two_modes(records: dict[str, Records], tmp_path: Path) -> None:
    """Momentum 0.9999: in ten epochs the averages do not move, and inference mode sees other inputs."""
    train = {"phases": phases("all", 10), "learning_rate": 0.02}
    works = {momentum: tmp_path / str(momentum) for momentum in (0.5, 0.9999)}
    gaps = {}
    for momentum, work in works.items():
        work.mkdir()
        found = signals_of(records, work, **train, normalization_momentum=momentum)
        last = found["epochs"][-1]
        gaps[momentum] = abs(last["training"]["loss"] - last["inference"]["loss"])
    assert gaps[0.9999] > 5 * gaps[0.5]


def test_measuring_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    train = tiny_train(backbone=str(tiny_backbone(tmp_path / "b.keras")), head={"dropout": 0.5})
    model = build_classifier(train).whole
    before = [np.array(v) for v in model.variables]
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype(np.uint8)
    found = modes_of(model, images, np.array([[0.0], [1.0]] * 3, np.float32))
    assert found["num_examples"] == 6
    assert found["training"] != found["inference"]  # dropout, and normalisation by the batch
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, np.array(variable))


def test_the_momentum_can_be_set_for_every_backbone(tmp_path: Path) -> None:
    backbone = str(tiny_backbone(tmp_path / "b.keras"))
    for momentum, expected in ((None, 0.99), (0.7, 0.7)):
        model = build_classifier(tiny_train(backbone=backbone, normalization_momentum=momentum)).whole
        assert [layer.momentum for layer in normalizations(model)] == [expected]


def test_signals_take_a_small_share_of_an_epoch() -> None:
    assert num_examples(20_000) == 64
    assert num_examples(2_000) == 30
    assert num_examples(50) == 16
    assert sum(is_measured(epoch, 60, reads_images=False) for epoch in range(1, 61)) == 10
    assert all(is_measured(epoch, 7, reads_images=True) for epoch in range(1, 8))
