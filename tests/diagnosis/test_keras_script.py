"""The lines of Keras that stand for a recipe do what the recipe does."""

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.diagnosis.cures.keras_script import keras_script
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.networks.phases import learning_rate_of, set_trainable
from pawtrace.setup.profiles import profile_params
from tests.conftest import picture
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow
PHOTOS = SimpleNamespace(map=lambda _: PHOTOS)


def run(train: TrainParams, monkeypatch: pytest.MonkeyPatch) -> tuple[keras.Model, list[Any]]:
    """The model that the lines build, and each fit: epochs, rate, number of trainable weights, patience."""
    fits: list[Any] = []

    def fit(model: keras.Model, photos: Any, validation_data: Any, epochs: int, callbacks: Any = ()) -> None:
        assert (photos, validation_data) == (PHOTOS, "validation")
        rate = round(float(model.optimizer.learning_rate), 9)
        fits.append((epochs, rate, num_trainable(model), [each.patience for each in callbacks]))

    monkeypatch.setattr(keras.Model, "fit", fit)
    names: dict[str, Any] = {"keras": keras, "photos": PHOTOS, "validation": "validation", "augmented": None}
    exec(keras_script(train), names)
    model: keras.Model = names["model"]
    return model, fits


def num_trainable(model: keras.Model) -> int:
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


SMALL = {"weights": None, "image_size_px": 32}


@pytest.mark.parametrize("recipe", ["finetune_augmented", "gradual_unfreeze", "regularized", "best_vgg16"])
def test_they_build_and_train_what_the_recipe_does(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    train = profile_params("answer").recipe(recipe).train.model_copy(update=SMALL)
    expect_the_same(train, monkeypatch)


def test_each_phase_trains_its_layers_whatever_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    train = profile_params("answer").recipe("frozen_imagenet").train.model_copy(update=SMALL)
    phases = [Phase(trainable=name, num_epochs=1) for name in ("block5", "all", "block4", "none", "all")]
    expect_the_same(train.model_copy(update={"phases": tuple(phases)}), monkeypatch)


def expect_the_same(train: TrainParams, monkeypatch: pytest.MonkeyPatch) -> None:
    model, fits = run(train, monkeypatch)
    ours = build_classifier(train)
    patience = [train.early_stopping.patience] if train.early_stopping else []
    expected = []
    for phase in train.phases:
        set_trainable(ours.backbone, phase.trainable)
        expected.append(
            (phase.num_epochs, learning_rate_of(phase, train), num_trainable(ours.whole), patience)
        )
    assert fits == expected
    model.set_weights(ours.whole.get_weights())
    images = np.stack([picture(number, 32, 32) for number in range(3)])
    np.testing.assert_allclose(model.predict(images * 1.0), ours.whole.predict(images), atol=1e-6)
    penalties = [float(sum(each.losses)) if each.losses else 0.0 for each in (model, ours.whole)]
    assert penalties[0] == pytest.approx(penalties[1], rel=1e-5)


def test_a_backbone_of_ones_own_is_loaded(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_backbone(project / "mine.keras")
    train = tiny_train(backbone="mine.keras", optimizer="sgd", momentum=0.5, ema_momentum=0.9)
    model, _ = run(train, monkeypatch)
    assert model.count_params() == build_classifier(train).whole.count_params()
    assert (model.optimizer.momentum, model.optimizer.use_ema) == (0.5, True)


def test_what_the_lines_do_not_do_is_named() -> None:
    plain = tiny_train(schedule={"warmup_epochs": 0.0, "decay": "none"}, num_views=1, augmentation=[])
    assert "not in these lines" not in keras_script(plain)
    last = keras_script(plain.model_copy(update={"num_views": 8, "mixup_alpha": 0.2})).splitlines()[-1]
    assert last == "# not in these lines: num_views 8; mixup_alpha 0.2"
