"""What the recipes of params.yaml need of this machine, checked before any of them does any work.

Run: python -m pawtrace.commands.check   (make repro does)
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pawtrace.base.errors import ParamsError, TrainingError
from pawtrace.config.imagenet import PUBLISHED, find_weights, how_to_provide
from pawtrace.config.params import Params, ResolvedRecipe, load_params
from pawtrace.config.train_params import BACKBONES
from pawtrace.dataset.sources.network import unreachable
from pawtrace.running.entry_point import run_stage


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
    from pawtrace.learning.inputs.augmentation import check_policy  # Albumentations takes a second

    try:
        check_policy(recipe.train.augmentation, recipe.train.image_size_px)
    except ParamsError as error:
        raise ParamsError(f"recipe {recipe.name}: {error}") from error


def _check_device(recipes: list[ResolvedRecipe]) -> None:
    on_gpu = [recipe.train for recipe in recipes if recipe.train.device == "gpu"]
    if on_gpu:
        from pawtrace.learning.device import choose_compute  # Keras takes many

        choose_compute(on_gpu[0])


def missing_weights(params: Params) -> str | None:
    """What to do about ImageNet weights that cannot be had, in one line; None where all can.

    Asks the network for those that are not here, for 8 s at most.
    """
    backbone_of = {name: _imagenet_backbone(params, name) for name in params.recipes}
    wanted = sorted({backbone for backbone in backbone_of.values() if backbone})
    problems = _unreachable([backbone for backbone in wanted if find_weights(backbone) is None])
    if not problems:
        return None
    in_need = [name for name, backbone in backbone_of.items() if backbone in problems]
    others = [name for name in backbone_of if name not in in_need]
    way_on = f"{', '.join(others)} need none; run: dvc repro train@{others[0]}" if others else "all need them"
    return (
        f"params.yaml: train.weights: imagenet: cannot be downloaded ({next(iter(problems.values()))}); "
        f"{how_to_provide(problems)}; needed by {', '.join(in_need)}; {way_on}"
    )


def _imagenet_backbone(params: Params, name: str) -> str | None:
    train = params.recipe(name).train
    return train.backbone if train.weights == "imagenet" else None


def _unreachable(backbones: list[str]) -> dict[str, str]:
    """Those whose weights cannot be downloaded, and why; all are asked at once."""
    with ThreadPoolExecutor(max_workers=len(PUBLISHED)) as pool:
        answers = pool.map(unreachable, [PUBLISHED[backbone].url for backbone in backbones])
        return {backbone: answer for backbone, answer in zip(backbones, answers, strict=True) if answer}


def main() -> None:
    """Check params.yaml."""
    check_requirements(load_params())


if __name__ == "__main__":
    run_stage(main, "requirements")
