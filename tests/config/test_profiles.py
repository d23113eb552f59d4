"""The ladders in profiles/: every rung can be trained, and each has one change."""

import contextlib
from pathlib import Path
from typing import Any, get_args

import pytest

from pawtrace.config.params import ResolvedRecipe
from pawtrace.config.sections import VerdictName
from pawtrace.learning.inputs.augmentation import check_policy
from pawtrace.setup.profiles import profile_names, profile_params
from tests.conftest import ROOT

with contextlib.chdir(ROOT):
    PROFILES = {name: profile_params(name) for name in profile_names()}
RUNGS = [(profile, name) for profile, params in PROFILES.items() for name in params.recipes]
# Keys that make one idea together; any other key is an idea of its own.
IDEA_OF = {
    "train.batch_normalization": "a signal that survives the layers",
    "train.initializer": "a signal that survives the layers",
    "train.head.dropout": "a restrained head",
    "train.head.l1": "a restrained head",
    "train.head.l2": "a restrained head",
    "train.augmentation": "augmented views",
    "train.num_views": "augmented views",
    "train.backbone": "another backbone, as it was pretrained",
    "train.weights": "another backbone, as it was pretrained",
    "train.image_size_px": "another backbone, as it was pretrained",
    "train.phases": "fine-tuning",
    "train.freeze_normalization": "fine-tuning",
}
# The article's third recipe changes two things at once; these, `best` and `best_vgg16` combine on purpose.
COMBINED = {
    "finetune_augmented": {"a restrained head", "augmented views"},
    "efficientnet_finetuned": {
        *("a restrained head", "augmented views", "train.schedule", "fine-tuning", "evaluate.tta_views"),
    },
    "efficientnet_384_px_views": {
        *("a restrained head", "augmented views", "train.schedule", "fine-tuning", "evaluate.tta_views"),
        "train.early_stopping",
    },
}
# Few pictures: batch normalisation needs patience there, and a frozen network all it can get to overfit.
COMBINED_IN_SAMPLE = {
    "from_scratch_normalized": {"a signal that survives the layers", "train.early_stopping"},
    "frozen_larger": {"train.head.units", "train.early_stopping"},
}
# What the ladder must have; the article's three first.
LADDER = [
    *("frozen_random", "finetune_all", "finetune_augmented"),
    *("from_scratch", "from_scratch_normalized", "frozen_imagenet", "own_preprocessing"),
    *("gradual_unfreeze", "regularized", "strong_augmentation", "batch_16", "batch_64", "batch_128"),
    *("average_pooling", "mobilenet", "efficientnet"),
    *("warmup_cosine", "label_smoothing", "mixup", "weight_averaging", "layerwise_decay"),
    *("test_time_augmentation", "best"),
]


def flat(recipe: ResolvedRecipe) -> dict[str, Any]:
    train, evaluate = recipe.train.model_dump(), recipe.evaluate.model_dump()
    head = {f"train.head.{key}": value for key, value in train.pop("head").items()}
    keys = {f"train.{key}": value for key, value in train.items()}
    return head | keys | {f"evaluate.{key}": value for key, value in evaluate.items()}


def ideas(below: ResolvedRecipe, recipe: ResolvedRecipe) -> set[str]:
    before, after = flat(below), flat(recipe)
    return {IDEA_OF.get(key, key) for key in after if before[key] != after[key]}


def test_the_profiles_of_the_readme_are_there() -> None:
    assert set(PROFILES) == {"sample", "cats_vs_dogs", "own_photos", "answer"}


@pytest.mark.parametrize(("profile", "name"), RUNGS)
def test_every_rung_can_be_augmented_as_it_says(profile: str, name: str) -> None:
    train = PROFILES[profile].recipe(name).train
    check_policy(train.augmentation, train.image_size_px)


@pytest.mark.parametrize(("profile", "name"), RUNGS)
def test_every_rung_has_one_change_and_comes_after_what_it_builds_on(profile: str, name: str) -> None:
    params = PROFILES[profile]
    below = params.recipes[name].builds_on
    if below is None:
        return
    order = list(params.recipes)
    assert order.index(below) < order.index(name)
    found = ideas(params.recipe(below), params.recipe(name))
    if name in ("best", "best_vgg16"):
        assert found
    elif name in COMBINED:
        assert found == COMBINED[name]
    elif profile == "sample" and name in COMBINED_IN_SAMPLE:
        assert found == COMBINED_IN_SAMPLE[name]
    else:
        assert len(found) == 1, found


@pytest.mark.parametrize("profile", PROFILES)
def test_every_rung_differs_from_every_other(profile: str) -> None:
    params = PROFILES[profile]
    recipes = [flat(params.recipe(name)) for name in params.recipes]
    assert all(recipe not in recipes[:number] for number, recipe in enumerate(recipes))


def test_the_ladder_is_told_in_this_order() -> None:
    assert list(PROFILES["cats_vs_dogs"].recipes) == LADDER


def test_the_answer_measures_every_rung() -> None:
    assert set(LADDER) <= set(PROFILES["answer"].recipes)


def test_no_recipe_is_called_a_remedy_for_a_leak_or_for_health() -> None:
    cures = {cure for recipe in PROFILES["cats_vs_dogs"].recipes.values() for cure in recipe.cures}
    assert {"dead", "overfitting", "underfitting"} <= cures
    assert cures <= set(get_args(VerdictName)) - {"leaking", "healthy"}  # no training mends the data


def test_the_articles_recipes_are_as_it_has_them() -> None:
    params = PROFILES["cats_vs_dogs"]
    first, second, third = (params.recipe(name).train for name in LADDER[:3])
    for train in (first, second, third):
        assert (train.backbone, train.image_size_px, train.batch_size) == ("vgg16", 224, 32)
        assert (train.input_scaling, train.optimizer) == ("zero_to_one", "adam")
        assert (train.head.pooling, train.head.units) == ("flatten", (256,))
        assert [phase.num_epochs for phase in train.phases] == [20]
    assert (first.weights, first.learning_rate, first.phases[0].trainable) == (None, 1e-4, "none")
    assert (second.weights, second.learning_rate, second.phases[0].trainable) == ("imagenet", 1e-5, "all")
    assert (second.head.dropout, second.augmentation) == (0.0, ())
    assert third.head.dropout == 0.5
    affine = third.augmentation[1].arguments
    assert third.augmentation[0].name == "HorizontalFlip"
    assert (affine["rotate"], affine["shear"]["x"]) == ([-20, 20], [-0.2, 0.2])
    assert (affine["scale"]["x"], affine["translate_percent"]) == ([0.8, 1.2], [-0.2, 0.2])


def test_own_photos_need_no_download() -> None:
    params = PROFILES["own_photos"]
    assert params.data.source == "archive"
    for name in params.recipes:
        train = params.recipe(name).train
        assert train.weights is None
        assert Path(train.backbone).parent == Path("data/weights")
