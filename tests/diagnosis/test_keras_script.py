"""The lines of Keras that stand for a recipe do what the recipe does."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pawtrace.config.params import ResolvedRecipe
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.diagnosis.cures.keras_script import LEFT_OUT, keras_script
from pawtrace.diagnosis.cures.names_in_lines import names_explained
from pawtrace.learning.loss import build_loss
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.networks.phases import begin_phase, learning_rate_of
from pawtrace.learning.optimizer import plain_optimizer
from pawtrace.setup.profiles import profile_params
from tests.conftest import picture
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow
ANSWER = profile_params("answer")
SMALL = {"weights": None, "image_size_px": 32}
EXPRESSED = {
    *("image_size_px", "backbone", "weights", "input_scaling", "head", "augmentation", "batch_size"),
    *(
        "label_smoothing",
        "optimizer",
        "momentum",
        "weight_decay",
        "learning_rate",
        "phases",
        "freeze_normalization",
        "early_stopping",
    ),
}
OF_THE_MACHINE = {"seed", "num_seeds", "device", "precision", "xla"}
SAID_WITH_OTHERS = {"schedule", "batch_normalization_momentum"}


def recipe_of(train: TrainParams, **evaluate: Any) -> ResolvedRecipe:
    recipe = ANSWER.recipe("frozen_imagenet")
    return recipe._replace(train=train, evaluate=recipe.evaluate.model_copy(update=evaluate))


@pytest.mark.parametrize("name", ANSWER.recipes)
def test_each_name_that_a_recipes_lines_need_is_explained(name: str) -> None:
    sentence = names_explained([keras_script(ANSWER.recipe(name))])
    assert sentence == (
        "In these lines, photos means your training photos in batches, "
        "validation means your validation photos in batches."
    )


def run(train: TrainParams, monkeypatch: pytest.MonkeyPatch) -> tuple[keras.Model, list[Any]]:
    """The model that the lines build, and each fit, with the number of weights that it would train."""
    fits: list[Any] = []

    def fit(model: keras.Model, photos: Any, validation_data: Any, epochs: int, callbacks: Any) -> None:
        assert (photos, validation_data) == ("photos", "validation")
        assert all(each.restore_best_weights for each in callbacks)
        patience = [each.patience for each in callbacks]
        fits.append((epochs, patience, num_trainable(model), rounded(model.optimizer), model.loss))

    monkeypatch.setattr(keras.Model, "fit", fit)
    names: dict[str, Any] = {"photos": "photos", "validation": "validation"}
    exec(keras_script(recipe_of(train)), names)
    model: keras.Model = names["model"]
    return model, fits


def num_trainable(model: keras.Model) -> int:
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def rounded(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    settings = {name: value for name, value in optimizer.get_config().items() if name != "name"}
    numbers = {
        name: round(float(x), 9) for name, x in settings.items() if isinstance(x, (float, np.floating))
    }
    return {"kind": type(optimizer).__name__} | settings | numbers


def expect_the_same(train: TrainParams, monkeypatch: pytest.MonkeyPatch) -> None:
    model, fits = run(train, monkeypatch)
    ours = build_classifier(train)
    longest = max(phase.num_epochs for phase in train.phases)
    patience = [train.early_stopping.patience if train.early_stopping else longest]
    expected = []
    for phase in train.phases:
        begin_phase(ours.backbone, phase, train)
        optimizer = plain_optimizer(train, learning_rate=learning_rate_of(phase, train))
        expected.append((phase.num_epochs, patience, num_trainable(ours.whole), rounded(optimizer)))
    assert [fit[:-1] for fit in fits] == expected
    labels, said = np.array([[0.0], [1.0]]), np.array([[0.2], [0.6]])
    for *_, loss in fits:
        theirs = float(np.mean(keras.losses.get(loss)(labels, said)))
        assert theirs == pytest.approx(float(build_loss(train)(labels, said)))
    model.set_weights(ours.whole.get_weights())
    images = np.stack([picture(number, 32, 32) for number in range(3)])
    np.testing.assert_allclose(model.predict(images * 1.0), ours.whole.predict(images), atol=1e-6)
    penalties = [float(sum(each.losses)) if each.losses else 0.0 for each in (model, ours.whole)]
    assert penalties[0] == pytest.approx(penalties[1], rel=1e-5)


def test_batch_normalisation_that_a_recipe_freezes_is_frozen_by_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phases = [{"trainable": "all", "num_epochs": 1}, {"trainable": "last", "num_epochs": 1}]
    backbone = str(tiny_backbone(tmp_path / "backbone.keras", 32))
    settings: dict[str, Any] = {"backbone": backbone, "image_size_px": 32, "phases": phases}
    for freeze in (True, False):
        expect_the_same(tiny_train(**settings, freeze_normalization=freeze), monkeypatch)


@pytest.mark.parametrize(
    "recipe", ["finetune_augmented", "gradual_unfreeze", "regularized", "label_smoothing", "best_vgg16"]
)
def test_they_build_and_train_what_the_recipe_does(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expect_the_same(ANSWER.recipe(recipe).train.model_copy(update=SMALL), monkeypatch)


@pytest.mark.parametrize(
    "changes", [{"optimizer": "sgd", "momentum": 0.5}, {"optimizer": "adamw"}, {"early_stopping": None}]
)
def test_each_phase_trains_its_layers_whatever_was_before(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = ANSWER.recipe("frozen_imagenet").train
    phases = [Phase(trainable=name, num_epochs=1) for name in ("block5", "all", "block4", "none", "all")]
    expect_the_same(train.model_copy(update=SMALL | {"phases": tuple(phases)} | changes), monkeypatch)


def test_a_backbone_of_ones_own_trains_whole_though_it_was_saved_frozen(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_backbone(project / "mine.keras")
    backbone = keras.saving.load_model("mine.keras")
    backbone.layers[1].trainable = False
    backbone.save("mine.keras")
    backbone.save_weights("other.weights.h5")
    phases = [{"trainable": "all", "num_epochs": 2}]
    train = tiny_train(backbone="mine.keras", weights="other.weights.h5", phases=phases)
    expect_the_same(train, monkeypatch)
    assert "backbone.load_weights('other.weights.h5')" in keras_script(recipe_of(train))


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")  # of every tf.data set
def test_keras_runs_them(project: Path) -> None:
    tiny_backbone(project / "mine.keras")
    train = tiny_train(
        backbone="mine.keras",
        phases=[{"trainable": "none", "num_epochs": 2}, {"trainable": "all", "num_epochs": 1}],
        early_stopping={"patience": 1, "min_delta": 0.001},
    )
    side = train.image_size_px
    images = np.stack([picture(number, side, side) for number in range(8)]).astype(np.float32)
    photos = tf.data.Dataset.from_tensor_slices((images, np.arange(8.0) % 2)).batch(4)
    names: dict[str, Any] = {"photos": photos, "validation": photos}
    exec(keras_script(recipe_of(train)), names)
    assert set(names["model"].get_metrics_result()) >= {"loss", "accuracy"}


def test_every_parameter_is_in_the_lines_or_named_as_left_out() -> None:
    assert set(TrainParams.model_fields) == EXPRESSED | LEFT_OUT.keys() | OF_THE_MACHINE | SAID_WITH_OTHERS


def test_what_the_lines_do_not_do_is_named() -> None:
    plain = tiny_train(schedule={"warmup_epochs": 0.0, "decay": "none"}, num_views=1, augmentation=[])
    plain = plain.model_copy(update={"phases": plain.phases[:1]})
    assert "not in these lines" not in keras_script(recipe_of(plain))
    more = plain.model_copy(update={"num_views": 8, "mixup_alpha": 0.2})
    last = keras_script(recipe_of(more, tta_views=4)).splitlines()[-1]
    named = "num_views 8; mixup_alpha 0.2; the mean over 4 augmented views of each new photo"
    assert last == f"# not in these lines: {named}"
    augmentation = ANSWER.recipe("efficientnet_finetuned").train.augmentation
    flip = plain.model_copy(update={"augmentation": augmentation})
    assert "albumentations.HorizontalFlip(p=0.5)" in keras_script(recipe_of(flip))
