"""A photo gets the probability that evaluation would give it as an example."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pawtrace.base.errors import TrainingError
from pawtrace.config.train_params import Transform
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.inference.photo_predictions import photo_classifier, predict_views, views_of
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.predict import predict
from tests.conftest import write_records
from tests.learning.tiny import tiny_backbone, tiny_train

SIZE_PX = 32


@pytest.fixture
def model(tmp_path: Path) -> keras.Model:
    backbone = tiny_backbone(tmp_path / "backbone.keras")
    keras.utils.set_random_seed(1)
    return build_classifier(tiny_train(backbone=str(backbone), image_size_px=SIZE_PX)).whole


@pytest.fixture
def records(tmp_path: Path) -> Records:
    write_records(tmp_path / "records", {"train": 2, "validation": 2, "test": 7})
    return open_records(tmp_path / "records")["test"]


def refusal(model: keras.Model, path: Path) -> str:
    model.save(path)
    with pytest.raises(TrainingError) as error:
        photo_classifier(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_model_whose_answers_would_be_no_numbers_is_refused_with_its_layer(
    model: keras.Model, tmp_path: Path
) -> None:
    model.get_layer("head").get_layer("logit").bias.assign([np.nan])
    assert "logit" in refusal(model, tmp_path / "nan.keras")


def test_a_model_of_another_shape_is_refused_with_its_shapes(tmp_path: Path) -> None:
    one, two = keras.Input((4,)), keras.Input((4,))
    flat = keras.Model(one, keras.layers.Dense(1)(one))
    assert "(None, 4)" in refusal(flat, tmp_path / "flat.keras")
    several = keras.Model([one, two], keras.layers.Dense(1)(keras.layers.Add()([one, two])))
    assert "(None, 4)" in refusal(several, tmp_path / "several.keras")


@pytest.mark.parametrize("num_views", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_an_example_is_predicted_as_evaluation_predicts_it(
    model: keras.Model, records: Records, batch_size: int, num_views: int
) -> None:
    view = AugmentedView([Transform(name="HorizontalFlip", arguments={"p": 0.5})], seed=4)
    views = [views_of(records[number], SIZE_PX, view, num_views) for number in range(len(records))]
    found = list(predict_views(model, views, batch_size))
    expected = predict(model, records, 64, view=view, num_views=num_views)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.ptp(expected) > 1e-4  # else any order would do


def test_photos_are_read_a_batch_at_a_time(model: keras.Model) -> None:
    read = 0

    def photos() -> "object":
        nonlocal read
        for _ in range(10):
            read += 1
            yield np.zeros((1, SIZE_PX, SIZE_PX, 3), np.uint8)

    next(predict_views(model, photos(), 3))  # type: ignore[arg-type]
    assert read == 3


def test_a_model_of_something_else_is_refused_with_what_it_is(tmp_path: Path) -> None:
    path = tiny_backbone(tmp_path / "backbone.keras")
    with pytest.raises(TrainingError, match="backbone.keras: .*expected"):
        photo_classifier(path)


def test_a_classifier_is_loaded(tmp_path: Path, model: keras.Model) -> None:
    model.save(tmp_path / "model.keras")
    assert photo_classifier(tmp_path / "model.keras").input_shape == (None, SIZE_PX, SIZE_PX, 3)
