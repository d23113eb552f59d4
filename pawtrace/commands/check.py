"""Check that this machine has what the recipes need: files, weights, transforms, a GPU.

`make repro` runs it first, because training would stop for these only after minutes or hours. Trains nothing.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pawtrace.base.errors import ParamsError, PawtraceError, TrainingError
from pawtrace.config.imagenet import PUBLISHED, find_weights, how_to_provide
from pawtrace.config.params import Params, ResolvedRecipe, load_params
from pawtrace.config.train_params import BACKBONES
from pawtrace.dataset.sources.network import unreachable
from pawtrace.running.git import git


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print the first thing that is missing, and what to do; 1 if there is one."""
    del arguments
    params = load_params()
    try:
        git("rev-parse", "--git-dir")  # DVC, which comes next, names no way out where there is none
        check_requirements(params)
    except PawtraceError as error:
        print(f"pawtrace check: {error}", file=sys.stderr)
        return 1
    print(f"check: everything that the {len(params.recipes)} recipes need is here")
    return 0


def check_requirements(params: Params) -> None:
    """Require files, weights, transforms and hardware that training would stop for later.

    Raises:
      TrainingError: a backbone or a weights file is missing, or ImageNet weights cannot be downloaded.
      ParamsError: Albumentations refuses a transform.
      DeviceError: a recipe wants a GPU and there is none.
    """
    recipes = [params.recipe(name) for name in params.recipes]
    for recipe in recipes:
        _check_files(recipe)
    if problem := missing_weights(params):
        raise TrainingError(problem)
    for recipe in recipes:
        _check_augmentation(recipe)
    _check_device(recipes)


def _check_files(recipe: ResolvedRecipe) -> None:
    train = recipe.train
    for key, file, instead in (
        ("backbone", train.backbone, BACKBONES),
        ("weights", train.weights, ("null", "imagenet")),
    ):
        if file and file not in instead and not Path(file).exists():
            raise TrainingError(
                f"recipe {recipe.name}: train.{key}: {file} is missing; put the file there, or set "
                f"train.{key} to one of {', '.join(instead)}"
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
    gpu_params = [recipe.train for recipe in recipes if recipe.train.device == "gpu"]
    if gpu_params:
        from pawtrace.learning.device import choose_compute  # Keras takes many

        choose_compute(gpu_params[0])


def missing_weights(params: Params) -> str | None:
    """What to do about ImageNet weights that cannot be had, in one line; None where all can.

    Asks the network for those that are not here, for 8 s at most.
    """
    backbone_of = {name: _imagenet_backbone(params, name) for name in params.recipes}
    backbones = sorted({backbone for backbone in backbone_of.values() if backbone})
    problems = _unreachable([backbone for backbone in backbones if find_weights(backbone) is None])
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
