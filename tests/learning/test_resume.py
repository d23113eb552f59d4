"""A run that was broken off goes on as if nothing had happened: equal to the last bit."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning import fit
from pawtrace.learning.checkpoints import Checkpoint, Checkpoints
from pawtrace.learning.device import Compute
from pawtrace.learning.predict import load_classifier
from pawtrace.learning.training import train_classifier
from tests.conftest import ROOT, write_records
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow

COUNTS = {"train": 40, "validation": 16, "test": 16}
TIMES = ("duration_s", "images_per_s", "waiting_share")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    write_records(folder / "records", COUNTS)
    tiny_backbone(folder / "b.keras")
    return folder


def everything(place: Path, **changes: Any) -> TrainParams:
    """A run in which all that has a state is in use."""
    settings: dict[str, Any] = {
        "backbone": str(place / "b.keras"),
        "head": {"pooling": "average", "units": [8], "dropout": 0.5, "l2": 0.001},
        "augmentation": [{"name": "HorizontalFlip", "arguments": {"p": 0.5}}],
        "num_views": 2,
        "batch_size": 16,
        "mixup_alpha": 0.2,
        "ema_momentum": 0.9,
        "layerwise_decay": 0.5,
        "schedule": {"warmup_epochs": 0.5, "decay": "cosine"},
        "early_stopping": {"patience": 2, "min_delta": 0.001},
        "phases": [
            {"trainable": "none", "num_epochs": 3},
            {"trainable": "last", "num_epochs": 3, "learning_rate": 0.01},
            {"trainable": "all", "num_epochs": 3},
        ],
    }
    return tiny_train(**{**settings, **changes})


def outcome(work: Path) -> tuple[list[np.ndarray], str, dict[str, Any]]:
    training = json.loads((work / "training.json").read_text())
    numbers = {name: value for name, value in training.items() if name not in TIMES}
    history = (work / "history.csv").read_text() + (work / "signals.json").read_text()
    return load_classifier(work / "model.keras").get_weights(), history, numbers


def assert_equal(one: Path, other: Path) -> None:
    (weights, history, numbers), (weights2, history2, numbers2) = outcome(one), outcome(other)
    assert history == history2
    assert numbers == numbers2
    for a, b in zip(weights, weights2, strict=True):
        np.testing.assert_array_equal(a, b)


def train_here(train: TrainParams, records: dict[str, Records], work: Path) -> None:
    work.mkdir(exist_ok=True)
    keras.utils.set_random_seed(train.seed)
    train_classifier(train, records, work, Compute("cpu", "float32"))


@pytest.fixture(scope="module")
def whole(place: Path) -> Path:
    """An uninterrupted run."""
    train_here(everything(place), open_records(place / "records"), place / "whole")
    return place / "whole"


class PulledPlugError(Exception):
    """Stands for a crash."""


@pytest.mark.parametrize("crash_share", [0.3, pytest.param(0.45, marks=pytest.mark.long)])
def test_a_run_that_breaks_off_at_every_few_steps_ends_as_an_uninterrupted_one(
    crash_share: float,
    place: Path,
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train, records = everything(place), open_records(place / "records")
    monkeypatch.setattr(fit, "_CHECKPOINT_INTERVAL_S", 0.0)
    monkeypatch.setattr(fit, "_CHECKPOINT_SHARE", 1e9)
    save, crashes = Checkpoints.save, 0

    def save_and_crash(self: Checkpoints, checkpoint: Checkpoint) -> None:
        nonlocal crashes
        save(self, checkpoint)
        if random.Random(crashes).random() < crash_share:
            crashes += 1
            raise PulledPlugError
        crashes += 1

    monkeypatch.setattr(Checkpoints, "save", save_and_crash)
    num_crashes = 0
    while not (tmp_path / "broken/training.json").exists():
        try:
            train_here(train, records, tmp_path / "broken")
        except PulledPlugError:
            num_crashes += 1
    assert num_crashes >= 4
    assert capsys.readouterr().out.count("resuming") == num_crashes
    assert_equal(whole, tmp_path / "broken")
    assert not (tmp_path / "broken/checkpoints").exists()
    assert not list((tmp_path / "broken").glob("features*"))


@pytest.mark.parametrize("first", ["none", "all"])
def test_a_run_that_breaks_off_between_two_phases_begins_the_next_one_afresh(
    first: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phases = [{"trainable": first, "num_epochs": 2}, {"trainable": "all", "num_epochs": 2}]
    train, records = everything(place, phases=phases, early_stopping=None), open_records(place / "records")
    train_here(train, records, tmp_path / "whole")
    monkeypatch.setattr(fit, "_CHECKPOINT_INTERVAL_S", 0.0)
    monkeypatch.setattr(fit, "_CHECKPOINT_SHARE", 1e9)
    save = Checkpoints.save

    def crash_at_the_end_of_the_phase(self: Checkpoints, checkpoint: Checkpoint) -> None:
        save(self, checkpoint)
        if (checkpoint.state["phase"], checkpoint.state["epoch"]) == (0, 2):
            raise PulledPlugError

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", crash_at_the_end_of_the_phase)
        with pytest.raises(PulledPlugError):
            train_here(train, records, tmp_path / "broken")
    train_here(train, records, tmp_path / "broken")
    assert_equal(tmp_path / "whole", tmp_path / "broken")
    assert not list((tmp_path / "broken").glob("features*"))


def start(place: Path, work: Path) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tests.learning.programs.one_run",
        work,
        place / "records",
        place / "train.json",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


@pytest.mark.long
@pytest.mark.parametrize("num_kills", [2, 3])
def test_a_run_that_is_killed_at_random_moments_ends_as_an_uninterrupted_one(
    num_kills: int, place: Path, tmp_path: Path
) -> None:
    train = everything(place, phases=[{"trainable": "all", "num_epochs": 30}], early_stopping=None)
    (place / "train.json").write_text(train.model_dump_json())
    whole = start(place, tmp_path / "whole")
    output = whole.communicate(timeout=300)[0]
    assert whole.returncode == 0, output
    num_killed, moments = 0, random.Random(7)
    while True:
        run = start(place, tmp_path / "killed")
        checkpoints = tmp_path / "killed/checkpoints"
        before = set(checkpoints.glob("*.npz"))
        while run.poll() is None and set(checkpoints.glob("*.npz")) == before:
            time.sleep(0.01)  # a kill before the first new checkpoint would be a kill of the start only
        time.sleep(moments.uniform(0.0, 0.5))
        if num_killed < num_kills and run.poll() is None:
            os.kill(run.pid, signal.SIGKILL)
            run.communicate()
            num_killed += 1
            continue
        output = run.communicate(timeout=300)[0]
        break
    assert num_killed == num_kills
    assert "resuming" in output
    assert_equal(tmp_path / "whole", tmp_path / "killed")


def test_half_computed_features_are_not_taken_for_whole_ones(
    place: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, records = everything(place), open_records(place / "records")

    def crash_in_second_view(pieces: Iterator[np.ndarray], total: int, title: str) -> Iterator[np.ndarray]:
        done = 0
        for piece in pieces:
            if "views" in title and done > total // train.num_views:
                raise PulledPlugError
            yield piece
            done += len(piece)

    from pawtrace.learning.inputs import phase_input

    with monkeypatch.context() as patch:
        patch.setattr(phase_input, "with_progress", crash_in_second_view)
        with pytest.raises(PulledPlugError):
            train_here(train, records, tmp_path / "broken")
    train_here(train, records, tmp_path / "broken")
    assert_equal(whole, tmp_path / "broken")
    shutil.rmtree(tmp_path / "broken")
