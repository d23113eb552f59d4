"""Two devices that share each batch learn what one learns."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, write_records
from tests.learning.tiny import tiny_backbone, tiny_train


@pytest.mark.slow
def test_two_devices_train_as_one_does(tmp_path: Path) -> None:
    write_records(tmp_path / "records", {"train": 44, "validation": 16, "test": 16})
    train = tiny_train(
        backbone=str(tiny_backbone(tmp_path / "b.keras")),
        head={"pooling": "average", "units": [8]},
        batch_size=16,
        phases=[{"trainable": "none", "num_epochs": 2}, {"trainable": "all", "num_epochs": 2}],
    )
    (tmp_path / "train.json").write_text(train.model_dump_json())
    run = subprocess.run(
        [sys.executable, "-m", "tests.learning.two_devices", "work", "records", "train.json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    histories = {}
    for num_devices in (1, 2):
        work = tmp_path / f"work/{num_devices}"
        assert json.loads((work / "training.json").read_text())["num_devices"] == num_devices
        histories[num_devices] = list(csv.DictReader((work / "history.csv").read_text().splitlines()))
    for one, two in zip(histories[1], histories[2], strict=True):
        # Batch normalisation sees half a batch on each device: near, not equal, once it learns.
        tolerance = 1e-4 if one["phase"] == "0" else 0.1
        assert float(two["loss"]) == pytest.approx(float(one["loss"]), rel=tolerance)
        assert float(two["val_loss"]) == pytest.approx(float(one["val_loss"]), rel=tolerance)
