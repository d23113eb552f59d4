"""The model that a command uses, and how photos are prepared for it.

Arrives: nothing (the promoted model), a recipe's name, or the path of a model. Leaves: `ChosenModel`.
"""

import json
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import ValidationError

from pawtrace.base.errors import PawtraceError
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.config.sections import Count, PreprocessParams, Section, Seed
from pawtrace.config.train_params import NotStrict, Transform
from pawtrace.foreign.reading.origin import is_saved_model
from pawtrace.promotion.tracking import POINTER

MODEL = "model.keras"
RECORD = "promoted.json"


class ModelInput(Section):
    """How photos were prepared when the model was measured."""

    preprocess: PreprocessParams
    tta_views: Count  # averaged: the plain square and augmented views of it
    augmentation: Annotated[tuple[Transform, ...], NotStrict]  # makes those views ...
    seed: Seed  # ... with the randomness of this


class ChosenModel(NamedTuple):
    """A saved model, and how photos are prepared for it."""

    path: Path
    input: ModelInput


def chosen_model(name: str | None, params: Params, *, any_format: bool = False) -> ChosenModel:
    """Find a model: the promoted one, a recipe's, or the one at a path.

    Args:
      name: a recipe, a .keras file, a folder with a model.keras, or None for the promoted model.
      params: what the recipes' models were made with.
      any_format: whether a SavedModel's folder will do.
    Raises:
      PawtraceError: there is no such model; says how to get one.
    """
    if name is None:
        path = paths.PROMOTED / MODEL
        how = f"dvc pull {POINTER}" if POINTER.is_file() else "pawtrace promote"
        again = f"run: {how}, or name a recipe or a file with --model"
    elif name in params.recipes:
        path, again = paths.MODELS / name / MODEL, f"run: dvc repro train@{name}"
    elif any_format and is_saved_model(Path(name)):
        return ChosenModel(Path(name), _input_of(Path(name), params))
    else:
        path = Path(name) / MODEL if Path(name).is_dir() else Path(name)
        again = f"expected a .keras file, a folder with a {MODEL}, or one of: {', '.join(params.recipes)}"
    if not path.is_file():
        raise PawtraceError(f"{path} is missing; {again}")
    return ChosenModel(path, _input_of(path.parent, params))


def recipe_input(recipe: str, params: Params) -> ModelInput:
    """How photos are prepared for a recipe's model, according to params."""
    resolved = params.recipe(recipe)
    return ModelInput(
        preprocess=params.preprocess,
        tta_views=resolved.evaluate.tta_views,
        augmentation=resolved.train.augmentation,
        seed=resolved.train.seed,
    )


def _input_of(folder: Path, params: Params) -> ModelInput:
    """From the record beside a promoted model; else from params."""
    if (folder / RECORD).is_file():
        try:
            content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            return ModelInput.model_validate(content["input"])
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            said = " ".join(str(error).split())[:120]
            raise PawtraceError(
                f"{folder / RECORD}: expected how photos are prepared, found {said}; run: pawtrace status"
            ) from None
    if folder.parent == paths.MODELS and folder.name in params.recipes:
        return recipe_input(folder.name, params)
    return ModelInput(preprocess=params.preprocess, tta_views=1, augmentation=(), seed=0)
