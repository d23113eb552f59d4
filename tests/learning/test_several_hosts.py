"""Two hosts, here two processes on one machine, learn what one process learns, and resume together."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.temporary_server import _free_port
from pawtrace.base.errors import DeviceError
from pawtrace.learning.hosts import ADDRESSES, HOST, NUM_HOSTS, join_hosts
from pawtrace.learning.predict import load_classifier
from tests.conftest import ROOT, write_records
from tests.learning.tiny import tiny_backbone, tiny_train
from tests.tiny_clone import RECIPES, command, environment, tiny_project

ATOL = 1e-5  # sums in another order; measured: 9e-7


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    # In batches of 16, the last of 44 is filled up; of those of 17, two hosts share the first one only.
    write_records(folder / "records", {"train": 44, "validation": 17, "test": 16})
    tiny_backbone(folder / "b.keras")
    return folder


def write_train(place: Path, num_epochs: int, name: str) -> None:
    """A run with all that depends on the whole batch or on random numbers."""
    train = tiny_train(
        backbone=str(place / "b.keras"),
        head={"pooling": "average", "units": [8], "dropout": 0.5},
        augmentation=[{"name": "HorizontalFlip", "arguments": {"p": 0.5}}],
        num_views=2,
        batch_size=16,
        mixup_alpha=0.2,
        ema_momentum=0.9,
        early_stopping=None,
        phases=[{"trainable": kind, "num_epochs": num_epochs} for kind in ("none", "all")],
    )
    (place / name).write_text(train.model_dump_json())


Hosts = list["subprocess.Popen[str]"]


def variables(num_hosts: int) -> list[dict[str, str]]:
    """Those of each host."""
    address = f"127.0.0.1:{_free_port()}"
    common = {"PYTHONPATH": str(ROOT), "KERAS_BACKEND": "jax", ADDRESSES: address, NUM_HOSTS: str(num_hosts)}
    return [common | {HOST: str(number)} for number in range(num_hosts)]


@contextmanager
def started(place: Path, work: str, num_hosts: int, train: str) -> Iterator[Hosts]:
    """The processes of a run; none is left."""
    words = [
        "-m",
        "tests.learning.programs.one_host",
        str(place / work),
        str(place / "records"),
        str(place / train),
    ]
    hosts = [
        subprocess.Popen(
            [sys.executable, *words],
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for own in variables(num_hosts)
    ]
    try:
        yield hosts
    finally:
        for host in hosts:
            host.kill()
            host.communicate()


def finished(hosts: Hosts) -> list[str]:
    """What each said; all succeeded."""
    said = [host.communicate(timeout=150)[0] for host in hosts]
    assert [host.returncode for host in hosts] == [0] * len(hosts), "\n".join(said)
    return said


def outcome(work: Path) -> tuple[list[np.ndarray], dict[str, Any]]:
    training: dict[str, Any] = json.loads((work / "training.json").read_text())
    return load_classifier(work / "model.keras").get_weights(), training


@pytest.mark.long  # several devices of one host: test_several_devices.py
@pytest.mark.slow
def test_two_hosts_train_as_one_process_does_and_the_chief_alone_writes(place: Path) -> None:
    pytest.importorskip("jax")
    write_train(place, 1, "short.json")
    with started(place, "one", 1, "short.json") as one, started(place, "two", 2, "short.json") as two:
        finished(one)
        finished(two)
    (weights, training), (weights_of_two, training_of_two) = outcome(place / "one"), outcome(place / "two")
    assert (training["num_devices"], training_of_two["num_devices"]) == (1, 2)
    assert training["best_epoch"] == training_of_two["best_epoch"]
    for one_process, two_hosts in zip(weights, weights_of_two, strict=True):
        np.testing.assert_allclose(two_hosts, one_process, atol=ATOL)


@pytest.mark.long
@pytest.mark.slow
def test_two_hosts_that_are_killed_resume_together_and_end_as_uninterrupted_ones(place: Path) -> None:
    pytest.importorskip("jax")
    write_train(place, 5, "longer.json")
    with started(place, "whole", 2, "longer.json") as hosts:
        finished(hosts)
    checkpoints, features = place / "killed/checkpoints", place / "killed/features-0.npy"
    for in_first_phase in (True, False):  # on features, and on images
        with started(place, "killed", 2, "longer.json") as hosts:
            before = set(checkpoints.glob("*.npz"))
            while set(checkpoints.glob("*.npz")) <= before or features.exists() is not in_first_phase:
                assert all(host.poll() is None for host in hosts)
                time.sleep(0.01)
            for host in hosts:
                os.kill(host.pid, signal.SIGKILL)
    with started(place, "killed", 2, "longer.json") as hosts:
        said = finished(hosts)
    assert all("resuming after" in each for each in said)
    for whole, killed in zip(outcome(place / "whole")[0], outcome(place / "killed")[0], strict=True):
        np.testing.assert_array_equal(killed, whole)


@pytest.mark.long
@pytest.mark.slow
def test_dvc_trains_a_recipe_on_host_0_and_its_command_takes_part_on_the_other(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    clone = tmp_path / "pawtrace"
    tiny_project(clone, {"small_head": RECIPES["small_head"]})
    command(clone, "dvc", "repro", "preprocess", "resolve")
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    commands = (
        ["dvc", "repro", "train@small_head"],
        [sys.executable, "-m", "flows.train_recipe", "small_head"],
    )
    hosts = [
        subprocess.Popen(words, cwd=clone, env=environment() | own | {"PYTHONPATH": ""}, **pipes)
        for words, own in zip(commands, variables(2), strict=True)
    ]
    chief, other = finished(hosts)
    assert json.loads((clone / "models/small_head/training.json").read_text())["num_devices"] == 2
    assert (clone / "models/small_head/predictions.csv").exists()
    assert "can it memorise" in chief
    assert "epoch 1 of 2" in other
    assert "can it memorise" not in other
    assert "up to date" in command(clone, "dvc", "status", "train@small_head").stdout


@pytest.mark.slow
@pytest.mark.parametrize("host", [1, pytest.param(0, marks=pytest.mark.long)])
def test_a_host_that_does_not_come_is_a_line(host: int, place: Path) -> None:
    pytest.importorskip("jax")
    program = (
        "from pawtrace.learning import hosts; from pawtrace.running.entry_point import run_stage; "
        "hosts._WAIT_S = 2.0; run_stage(hosts.join_hosts, 'train', alone=False)"
    )
    own = variables(2)[host]
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=place,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    line = f"pawtrace train: {ADDRESSES}: expected 2 hosts to meet at {own[ADDRESSES]} within 2 s"
    assert any(each.startswith(line) for each in run.stderr.splitlines())  # JAX may add one of its own


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (("", "2", "0"), f"{ADDRESSES}: .*missing"),
        (("a:1", "", "0"), f"{NUM_HOSTS}: .*missing"),
        (("a:1", "2", ""), f"{HOST}: .*missing"),
        (("a:1", "two", "0"), f"{NUM_HOSTS}: .*'two'"),
        (("a:1", "0", "0"), f"{NUM_HOSTS}: .*'0'"),
        (("a:1", "2", "2"), f"{HOST}: .*below {NUM_HOSTS} .2.*found 2"),
        (("a", "2", "0"), f"{ADDRESSES}: .*host:port.*'a'"),
        (("a:1,b:1,c:1", "2", "0"), f"{ADDRESSES}: .*each of the 2 hosts"),
        (("a:1", "2", "0"), "KERAS_BACKEND: expected jax.*found tensorflow"),
    ],
)
def test_variables_that_do_not_fit_together_are_a_line(
    values: tuple[str, str, str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip((ADDRESSES, NUM_HOSTS, HOST), values, strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("keras.backend.backend", lambda: "tensorflow")
    with pytest.raises(DeviceError, match=f"^{line}"):
        join_hosts()


def test_without_the_variables_there_is_one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (ADDRESSES, NUM_HOSTS, HOST):
        monkeypatch.delenv(name, raising=False)
    join_hosts()
