"""A model is refused that does not load, or answers otherwise than when it was measured."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from pawtrace.base.errors import DataError, TrainingError
from pawtrace.config.train_params import Transform
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.evaluation.predictions import Predictions
from pawtrace.inference.recorded_answers import NUM_EXAMPLES, check_answers
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.predict import predict
from tests.conftest import write_records
from tests.learning.tiny import tiny_backbone, tiny_train

VIEW = AugmentedView([Transform(name="HorizontalFlip", arguments={"p": 0.5})], seed=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and records."""
    folder = tmp_path_factory.mktemp("recorded") / "small"
    backbone = tiny_backbone(folder.parent / "backbone.keras")
    folder.mkdir()
    keras.utils.set_random_seed(1)
    build_classifier(tiny_train(backbone=str(backbone), image_size_px=32)).whole.save(folder / "model.keras")
    write_records(folder / "records", {"train": 2, "validation": 2, "test": NUM_EXAMPLES + 3})
    return folder


@pytest.fixture(scope="module")
def records(folder: Path) -> Records:
    return open_records(folder / "records")["test"]


@pytest.fixture(scope="module", params=[1, 3])
def recorded(folder: Path, records: Records, request: pytest.FixtureRequest) -> tuple[Predictions, int]:
    """What the model said when it was measured, as one view or as a mean of views."""
    model, num_views = keras.models.load_model(folder / "model.keras"), request.param
    probabilities = predict(model, records, 8, view=VIEW, num_views=num_views)
    return Predictions(records.ids, records.labels, probabilities), num_views


def test_a_model_that_answers_as_recorded_passes(
    folder: Path, records: Records, recorded: tuple[Predictions, int]
) -> None:
    test, num_views = recorded
    assert check_answers(folder / "model.keras", test, records, VIEW, num_views) < 1e-5


def test_a_model_that_answers_otherwise_is_refused(
    folder: Path, records: Records, recorded: tuple[Predictions, int]
) -> None:
    test, num_views = recorded
    edited = test.probabilities.copy()
    edited[-1] = 1 - edited[-1].round()  # the last one is in every sample
    others = Predictions(test.ids, test.labels, edited)
    with pytest.raises(TrainingError, match=f"model.keras: .*{test.ids[-1]}.*pawtrace verify"):
        check_answers(folder / "model.keras", others, records, VIEW, num_views)


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_a_file_that_is_no_model_is_refused(
    folder: Path, records: Records, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "model.keras"
    if content is None:
        shutil.copyfile(folder / "model.keras", path)
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)
    else:
        path.write_bytes(content)
    test = Predictions(records.ids, records.labels, np.full(len(records), 0.5))
    with pytest.raises(TrainingError, match="model.keras"):
        check_answers(path, test, records, VIEW, 1)


def test_predictions_of_other_examples_are_no_measure(folder: Path, records: Records) -> None:
    test = Predictions([f"{id}x" for id in records.ids], records.labels, np.full(len(records), 0.5))
    with pytest.raises(DataError, match="run: dvc repro measure@small"):
        check_answers(folder / "model.keras", test, records, VIEW, 1)
