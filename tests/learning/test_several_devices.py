"""Four devices that share each batch learn what one learns."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from pawtrace.learning.checkpoints import values_of
from tests.conftest import ROOT, write_records
from tests.learning.tiny import tiny_train


def backbone_without_normalization(path: Path) -> Path:
    """Batch normalisation would see a quarter of a batch on each of TensorFlow's devices."""
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    for number in range(2):
        start = keras.initializers.HeNormal(number)
        x = keras.layers.Conv2D(8, 3, strides=2, activation="relu", kernel_initializer=start)(x)
    keras.Model(inputs, x).save(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", pytest.param("jax", marks=pytest.mark.long)])
def test_four_devices_train_as_one_does(backend: str, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    write_records(tmp_path / "records", {"train": 44, "validation": 18, "test": 16})  # 18: no multiple of 4
    train = tiny_train(
        backbone=str(backbone_without_normalization(tmp_path / "b.keras")),
        head={"pooling": "average", "units": [8]},
        batch_size=16,
        phases=[{"trainable": "none", "num_epochs": 2}, {"trainable": "all", "num_epochs": 2}],
    )
    (tmp_path / "train.json").write_text(train.model_dump_json())
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": backend}
    environment["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
    run = subprocess.run(
        [sys.executable, "-m", "tests.learning.programs.virtual_devices", "work", "records", "train.json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    histories, weights = {}, {}
    for num_devices in (1, 4):
        work = tmp_path / f"work/{num_devices}"
        assert json.loads((work / "training.json").read_text())["num_devices"] == num_devices
        histories[num_devices] = list(csv.DictReader((work / "history.csv").read_text().splitlines()))
        weights[num_devices] = values_of(keras.saving.load_model(work / "model.keras", compile=False).weights)
    for one, four in zip(histories[1], histories[4], strict=True):
        for name in ("loss", "val_loss"):
            assert float(four[name]) == pytest.approx(float(one[name]), rel=1e-3)
    for one, four in zip(weights[1], weights[4], strict=True):
        # Sums in another order, which Adam's division by small numbers makes larger.
        np.testing.assert_allclose(four, one, atol=2e-3)
