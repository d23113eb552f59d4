"""5,000 real photos and a real backbone, where they are at hand."""

import json
import os
from pathlib import Path

import pytest

from tests.tiny_clone import command, copy_of_the_project, edit_params

pytestmark = pytest.mark.long

# What docs/log.md records of 5,000 photos.
REAL = {
    "data": {"source": "archive", "archive": os.environ.get("PAWTRACE_PETS_ARCHIVE")},
    "split": {"fractions": {"train": 0.7, "validation": 0.1, "test": 0.2}},
    "preprocess": {"image_size_px": 227, "examples_per_shard": 256},
    "train": {
        "image_size_px": 227,
        "backbone": os.environ.get("PAWTRACE_BACKBONE"),
        "input_scaling": "backbone",
        "head": {"pooling": "average", "units": [256], "dropout": 0.5},
        "augmentation": [],
        "batch_size": 64,
        "phases": [{"trainable": "none", "num_epochs": 40}],
        "early_stopping": {"patience": 8, "min_delta": 0.0},
    },
}


@pytest.mark.skipif(
    "PAWTRACE_PETS_ARCHIVE" not in os.environ, reason="PAWTRACE_PETS_ARCHIVE names no archive"
)
@pytest.mark.skipif("PAWTRACE_BACKBONE" not in os.environ, reason="PAWTRACE_BACKBONE names no backbone")
def test_real_photos_and_a_frozen_backbone_reach_95_percent(tmp_path: Path) -> None:
    folder = tmp_path / "pawtrace"
    copy_of_the_project(folder)
    edit_params(folder, REAL, {"frozen": {"question": "A frozen backbone, a dense head?", "overrides": {}}})
    command(folder, "dvc", "repro")
    metrics = json.loads((folder / "reports/metrics/frozen.json").read_text())
    assert metrics["test"]["accuracy"] >= 0.95
    assert metrics["gap"] >= 0
