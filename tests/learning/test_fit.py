"""A run keeps its best epoch, is the same twice, and says so when it cannot go on."""

import csv
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.base.errors import ParamsError, TrainingError
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning import fit
from pawtrace.learning.device import Compute
from pawtrace.learning.learner import Learner
from pawtrace.learning.predict import load_classifier, predict
from pawtrace.learning.training import train_classifier
from tests.conftest import write_records
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow

CPU = Compute("cpu", "float32")
HEAD = {"pooling": "average", "units": [8]}
FLIP = [{"name": "HorizontalFlip", "arguments": {"p": 0.5}}]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Records]:
    folder = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 40, "validation": 16, "test": 16})
    return open_records(folder)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_backbone(tmp_path_factory.mktemp("backbone") / "b.keras"))


def run(train: TrainParams, records: dict[str, Records], work: Path) -> tuple[list[dict[str, str]], Any]:
    keras.utils.set_random_seed(train.seed)
    work.mkdir(parents=True, exist_ok=True)
    train_classifier(train, records, work, CPU)
    history = list(csv.DictReader((work / "history.csv").read_text().splitlines()))
    return history, json.loads((work / "training.json").read_text())


def phases(*of: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"trainable": trainable, "num_epochs": num_epochs} for trainable, num_epochs in of]


def test_phases_follow_one_another_and_the_best_epoch_is_kept(
    records: dict[str, Records], backbone: str, tmp_path: Path
) -> None:
    train = tiny_train(
        backbone=backbone,
        head=HEAD,
        learning_rate=0.05,
        early_stopping=None,
        phases=phases(("none", 3), ("last", 2), ("all", 2)),
    )
    history, training = run(train, records, tmp_path / "work")
    assert [row["epoch"] for row in history] == list("1234567")
    assert [row["phase"] for row in history] == list("0001122")
    losses = [float(row["val_loss"]) for row in history]
    assert training["best_epoch"] == 1 + int(np.argmin(losses))
    model = load_classifier(tmp_path / "work/model.keras")
    model.compile(loss="binary_crossentropy")
    probabilities = predict(model, records["validation"], 8)
    labels = records["validation"].labels
    loss = -np.mean(np.log(np.where(labels == 1, probabilities, 1 - probabilities)))
    assert loss == pytest.approx(min(losses), rel=1e-3)


@pytest.mark.parametrize("freeze", [True, False])
def test_frozen_batch_normalisation_keeps_its_weights_and_averages_while_the_backbone_learns(
    freeze: bool, records: dict[str, Records], backbone: str, tmp_path: Path
) -> None:
    train = tiny_train(backbone=backbone, head=HEAD, phases=phases(("all", 1)), freeze_normalization=freeze)
    run(train, records, tmp_path / "work")
    before = {weight.path: weight.numpy() for weight in keras.saving.load_model(backbone).weights}
    after = {weight.path: weight.numpy() for weight in load_classifier(tmp_path / "work/model.keras").weights}
    same = {
        name: any(np.array_equal(before[name], found) for path, found in after.items() if path.endswith(name))
        for name in before
    }
    assert not same["first/kernel"]
    assert {same[name] for name in before if name.startswith("normalized/")} == {freeze}


def test_a_run_is_the_same_twice_and_another_with_another_seed(
    records: dict[str, Records], backbone: str, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"backbone": backbone, "head": {**HEAD, "dropout": 0.5}, "augmentation": FLIP}
    settings |= {"phases": phases(("none", 2), ("all", 2)), "num_views": 2}
    histories = []
    for number, seed in enumerate((0, 0, 1)):
        train = tiny_train(**settings, seed=seed)
        histories.append(run(train, records, tmp_path / str(number))[0])
    assert histories[0] == histories[1]
    assert histories[0] != histories[2]


def test_cached_features_train_as_recomputed_ones_do(
    records: dict[str, Records], backbone: str, tmp_path: Path
) -> None:
    """Freezing all, and freezing up to a layer without weights after it, are the same training."""
    inputs = keras.Input((None, None, 3))
    pooled = keras.layers.MaxPooling2D(1, name="weightless")(keras.saving.load_model(backbone)(inputs))
    path = tmp_path / "b.keras"
    keras.Model(inputs, pooled).save(path)
    settings: dict[str, Any] = {"backbone": str(path), "head": HEAD, "augmentation": FLIP, "num_views": 3}
    cached, _ = run(tiny_train(**settings, phases=phases(("none", 3))), records, tmp_path / "cached")
    plain, _ = run(tiny_train(**settings, phases=phases(("weightless", 3))), records, tmp_path / "plain")
    for one, other in zip(cached, plain, strict=True):
        assert float(one["loss"]) == pytest.approx(float(other["loss"]), rel=1e-3)
        assert float(one["val_loss"]) == pytest.approx(float(other["val_loss"]), rel=1e-3)
    assert not (tmp_path / "cached/features.npy").exists()


def test_training_stops_early_when_validation_does_not_improve(
    records: dict[str, Records], backbone: str, tmp_path: Path
) -> None:
    train = tiny_train(
        backbone=backbone,
        head=HEAD,
        early_stopping={"patience": 2, "min_delta": 10.0},
        phases=phases(("none", 9)),
    )
    history, training = run(train, records, tmp_path / "work")
    assert len(history) == training["num_epochs"] == 3


def test_dvclive_keeps_the_history(records: dict[str, Records], backbone: str, tmp_path: Path) -> None:
    train = tiny_train(backbone=backbone, head=HEAD, phases=phases(("none", 2)))
    history, _ = run(train, records, tmp_path / "work")
    lines = (tmp_path / "work/dvclive/plots/metrics/validation/loss.tsv").read_text().splitlines()
    assert [float(line.split("\t")[1]) for line in lines[1:]] == [float(row["val_loss"]) for row in history]


def test_a_loss_that_is_not_finite_ends_the_run_without_a_result(
    records: dict[str, Records], backbone: str, tmp_path: Path
) -> None:
    train = tiny_train(backbone=backbone, head={**HEAD, "l2": 1e38}, learning_rate=10.0)
    with pytest.raises(TrainingError, match="finite.*train.learning_rate"):
        run(train, records, tmp_path / "work")
    assert not (tmp_path / "work/training.json").exists()


def test_a_wrong_layer_in_a_late_phase_is_refused_before_the_first(
    records: dict[str, Records], backbone: str, tmp_path: Path
) -> None:
    train = tiny_train(backbone=backbone, head=HEAD, phases=phases(("none", 1), ("block7", 1)))
    with pytest.raises(ParamsError, match="block7"):
        run(train, records, tmp_path / "work")
    assert not (tmp_path / "work/dvclive").exists()


def test_steps_begin_before_earlier_ones_are_waited_for_but_not_too_many(
    records: dict[str, Records], backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_flight, begin_step, numbers_of = [0], Learner.begin_step, fit.numbers_of

    def begun(self: Learner, inputs: Any, labels: Any) -> Any:
        in_flight.append(in_flight[-1] + 1)
        return begin_step(self, inputs, labels)

    def waited_for(metrics: Any) -> dict[str, float]:
        in_flight.append(in_flight[-1] - 1)
        return numbers_of(metrics)

    monkeypatch.setattr(Learner, "begin_step", begun)
    monkeypatch.setattr(fit, "numbers_of", waited_for)
    monkeypatch.setattr(fit, "_CHECKPOINT_INTERVAL_S", 1e9)
    train = tiny_train(backbone=backbone, head=HEAD, batch_size=2, phases=phases(("all", 1)))
    history, _ = run(train, records, tmp_path / "work")
    assert max(in_flight) == 9  # eight, and the one that is begun before the oldest is waited for
    assert in_flight[-1] == 0
    assert len(history) == 1
