"""What the recipes of params.yaml need of this machine, checked before any of them does any work.

Run: python -m pawtrace.learning.requirements   (make repro does)
"""

from pathlib import Path

from pawtrace.config.entry_point import run_stage
from pawtrace.config.errors import ParamsError, TrainingError
from pawtrace.config.params import Params, ResolvedRecipe, load_params
from pawtrace.config.train_params import BACKBONES
from pawtrace.learning.missing_weights import missing_weights


def check_requirements(params: Params) -> None:
    """Require files, weights, transforms and hardware that training would stop for later.

    Raises:
      TrainingError: a backbone's file is missing, or ImageNet weights are and cannot be downloaded.
      ParamsError: Albumentations refuses a transform.
      DeviceError: a recipe wants a GPU and there is none.
    """
    recipes = [params.recipe(name) for name in params.recipes]
    for recipe in recipes:
        _check_backbone_file(recipe)
    if problem := missing_weights(params):
        raise TrainingError(problem)
    for recipe in recipes:
        _check_augmentation(recipe)
    _check_device(recipes)


def _check_backbone_file(recipe: ResolvedRecipe) -> None:
    backbone = recipe.train.backbone
    if backbone not in BACKBONES and not Path(backbone).exists():
        raise TrainingError(
            f"recipe {recipe.name}: train.backbone: {backbone} is missing; put the file there, or set "
            f"train.backbone to one of {', '.join(BACKBONES)}"
        )


def _check_augmentation(recipe: ResolvedRecipe) -> None:
    if not recipe.train.augmentation:
        return
    from pawtrace.learning.augmentation import check_policy  # Albumentations takes a second

    try:
        check_policy(recipe.train.augmentation, recipe.train.image_size_px)
    except ParamsError as error:
        raise ParamsError(f"recipe {recipe.name}: {error}") from error


def _check_device(recipes: list[ResolvedRecipe]) -> None:
    on_gpu = [recipe.train for recipe in recipes if recipe.train.device == "gpu"]
    if on_gpu:
        from pawtrace.learning.device import choose_compute  # Keras takes many

        choose_compute(on_gpu[0])


def main() -> None:
    """Check params.yaml."""
    check_requirements(load_params())


if __name__ == "__main__":
    run_stage(main, "requirements")
