"""data/recipes/<recipe>.json: all that decides a recipe's training, so that DVC watches what is trained.

The stage `resolve` writes it, the stage `train` reads it, and nothing of params.yaml besides.
"""

from pathlib import Path

from pawtrace.base.errors import ParamsError
from pawtrace.base.files import sha256_of
from pawtrace.base.stage_outputs import read_json
from pawtrace.config import paths
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.params import ResolvedRecipe
from pawtrace.config.sections import MeasureParams, NetworkProbeParams, PredictParams, Section
from pawtrace.config.train_params import BACKBONES, TrainParams


class RecipeFile(Section):
    """The content of data/recipes/<recipe>.json."""

    train: TrainParams
    probe: NetworkProbeParams
    predict: PredictParams
    weights: dict[str, str]  # path of each file of weights that the recipe reads -> its sha256


def recipe_file(recipe: ResolvedRecipe) -> RecipeFile:
    """What a recipe amounts to, with its weights as they are now."""
    return RecipeFile(
        train=recipe.train,
        probe=recipe.probe.network,
        predict=recipe.evaluate.predict,
        weights=weights_digests(recipe.train),
    )


def weights_digests(train: TrainParams) -> dict[str, str]:
    """The sha256 of each file of weights, by path; a missing file is left out, as training will name it."""
    return {str(path): sha256_of(path) for path in weights_files(train) if path.is_file()}


def weights_files(train: TrainParams) -> list[Path]:
    """The files whose content decides a training: a backbone's, its weights'.

    Of published weights only our own copy may be replaced; Keras checks what it downloads.
    """
    files = [] if train.backbone in BACKBONES else [Path(train.backbone)]
    if train.weights == "imagenet":
        files.append(paths.WEIGHTS / PUBLISHED[train.backbone].file_name)
    elif train.weights is not None:
        files.append(Path(train.weights))
    return files


def recipe_names() -> list[str]:
    """The recipes that the stage `resolve` has written, sorted."""
    return sorted(file.stem for file in paths.RECIPES.glob("*.json"))


def read_recipe(name: str) -> RecipeFile:
    """Read a recipe's file.

    Raises:
      ParamsError: there is no such recipe.
      DataError: its file is not what the stage `resolve` writes.
    """
    path = paths.RECIPES / f"{name}.json"
    if not path.exists():
        raise ParamsError(
            f"recipes.{name}: no such recipe in {paths.RECIPES}; there are: {', '.join(recipe_names())}; "
            "if it is new in params.yaml, run: dvc repro resolve"
        )
    return read_json(RecipeFile, path, "resolve")


def read_measure_params(name: str) -> MeasureParams:
    """Read how a recipe's predictions are measured: data/measures/<recipe>.json.

    Raises:
      DataError: the file is missing or is not what the stage `resolve` writes.
    """
    return read_json(MeasureParams, paths.MEASURES / f"{name}.json", "resolve")
