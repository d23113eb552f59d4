"""Check that this machine has what the recipes need: files, weights, transforms, memory, a GPU.

`make repro` runs this check first, because a missing file would stop the training only after minutes or
hours. The check trains nothing.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pawtrace.base.errors import DeviceError, PawtraceError, TrainingError
from pawtrace.base.files import fingerprint
from pawtrace.config import paths
from pawtrace.config.imagenet import (
    PUBLISHED,
    find_weights,
    how_to_provide,
    num_features,
    require_published,
)
from pawtrace.config.odd_values import odd_values_by_recipe
from pawtrace.config.params import Params, ResolvedRecipe, load_params
from pawtrace.config.train_params import BACKBONES, TrainParams
from pawtrace.dataset.sources.network import unreachable
from pawtrace.learning.networks.head_memory import require_memory_for
from pawtrace.running.git import git
from pawtrace.running.tracked_files import pointer_of, require_archive

_WRITTEN = (
    paths.RAW, paths.SPLITS, paths.RECORDS, paths.RECIPES, paths.MEASURES, paths.IN_USE, paths.MODELS,
    paths.METRICS, paths.EVALUATIONS, paths.PROVENANCES, paths.WORK,
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print odd values, and the first thing that is missing with what to do; 1 if something is missing."""
    del arguments
    params = load_params()
    for line in odd_values_by_recipe(params):
        print(f"check: warning: {line}")
    try:
        git("rev-parse", "--git-dir")  # DVC, which comes next, names no way out where there is none
        check_requirements(params)
    except PawtraceError as error:
        print(f"pawtrace check: {error}", file=sys.stderr)
        return 1
    print(f"check: this machine has everything that the {len(params.recipes)} recipes need")
    return 0


def check_requirements(params: Params) -> None:
    """Require files, weights, transforms and hardware that training would stop for later.

    Raises:
      TrainingError: a backbone or a weights file is missing or unusable, or ImageNet weights cannot be got.
      ParamsError: Albumentations refuses a transform, or a phase names no layer of a backbone's file.
      DataError: the archive of photos is missing.
      DeviceError: a recipe wants a GPU and there is none, its head does not fit into memory, or a folder
        cannot be written.
    """
    _check_folders()
    archive = params.data.archive_in_use
    if archive is not None and not pointer_of(archive).exists():  # else it comes from DVC's cache
        require_archive(archive)
    recipes = [params.recipe(name) for name in params.recipes]
    for recipe in recipes:
        _check_files(recipe)
        with _named(recipe):
            _check_published(recipe.train)
    if problem := missing_weights(params):
        raise TrainingError(problem)
    for recipe in recipes:
        with _named(recipe):
            _check_augmentation(recipe.train)
    _check_device(recipes)
    _check_networks(recipes)


def _check_folders() -> None:
    """Require that the stages can write into their output folders."""
    for folder in _WRITTEN:
        place = next(path for path in (folder, *folder.parents) if path.exists())
        if not place.is_dir():
            raise DeviceError(f"{place}: expected a folder, found a file; move it away")
        if not os.access(place, os.W_OK | os.X_OK):
            raise DeviceError(
                f"{place}: expected a writable folder, found one without write permission; "
                f"run: ls -ld {place}"
            )


def _check_files(recipe: ResolvedRecipe) -> None:
    train = recipe.train
    for key, file, instead in (
        ("backbone", train.backbone, BACKBONES),
        ("weights", train.weights, ("null", "imagenet")),
    ):
        if file and file not in instead and not Path(file).exists():
            raise TrainingError(
                f"recipe {recipe.name}: train.{key}: {file} is missing; put the file there, or set "
                f"train.{key} to {_instead(Path(file), instead)}"
            )


def _instead(missing: Path, names: Iterable[str]) -> str:
    """What a param may name in place of a missing file: the files beside it, or what needs no file."""
    beside = [path.as_posix() for path in sorted(missing.parent.glob(f"*{missing.suffix}"))]
    return f"one of {', '.join([*beside, *names])}"


@contextlib.contextmanager
def _named(recipe: ResolvedRecipe) -> Iterator[None]:
    """Begin the line of an error with the recipe's name."""
    try:
        yield
    except PawtraceError as error:
        raise type(error)(f"recipe {recipe.name}: {error}") from error


def _check_published(train: TrainParams) -> None:
    """Check a published backbone, without Keras: a copy of its weights is genuine, and the head fits."""
    if train.backbone not in PUBLISHED:
        return
    weights_file = find_weights(train.backbone) if train.weights == "imagenet" else None
    if weights_file is not None:
        require_published(train.backbone, weights_file)
    require_memory_for(train.head, num_features(train))


def _check_augmentation(train: TrainParams) -> None:
    if not train.augmentation:
        return
    from pawtrace.learning.inputs.augmentation import check_policy  # Albumentations takes a second

    check_policy(train.augmentation, train.image_size_px)


def _check_networks(recipes: list[ResolvedRecipe]) -> None:
    """Build each network that reads a file of the user: only then it is known whether the file fits."""
    built = set()
    for recipe in recipes:
        train = recipe.train
        if train.backbone in BACKBONES and train.weights in (None, "imagenet"):
            continue
        decisive = train.model_dump(include={"backbone", "weights", "image_size_px", "head", "phases"})
        if (key := fingerprint(decisive)) in built:
            continue
        built.add(key)
        from pawtrace.learning.networks.model import build_classifier  # Keras takes many seconds
        from pawtrace.learning.networks.phases import begin_phase

        with _named(recipe):
            backbone = build_classifier(train).backbone
            for phase in train.phases:
                begin_phase(backbone, phase, train)


def _check_device(recipes: list[ResolvedRecipe]) -> None:
    demanding = [
        recipe.train for recipe in recipes if recipe.train.device == "gpu" or recipe.train.xla == "always"
    ]
    if demanding:
        from pawtrace.learning.device import choose_compute  # Keras takes many seconds

        for train in demanding:
            choose_compute(train)


def missing_weights(params: Params) -> str | None:
    """One line about ImageNet weights that are neither here nor downloadable; None if there are none.

    Waits at most 8 s for the network.
    """
    backbone_of = {name: _imagenet_backbone(params, name) for name in params.recipes}
    backbones = sorted({backbone for backbone in backbone_of.values() if backbone})
    problems = _unreachable([backbone for backbone in backbones if find_weights(backbone) is None])
    if not problems:
        return None
    in_need = [name for name, backbone in backbone_of.items() if backbone in problems]
    others = [name for name in backbone_of if name not in in_need]
    way_on = "all recipes need these weights"
    if others:
        way_on = f"not needed by {', '.join(others)}; to train one of these, run: dvc repro train@{others[0]}"
    return (
        f"params.yaml: train.weights: imagenet: cannot download ({next(iter(problems.values()))}); "
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
