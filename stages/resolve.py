"""Write what params.yaml amounts to, so that DVC sees what an edit of it, or of a file it names, changes.

A recipe inherits overrides through `builds_on`, and params name files: DVC's params can follow
neither. So each recipe gets a file, and each named file a link, of which DVC watches what it leads to.

Arrives: `data.archive`, `train.*`, `probe.*`, `evaluate.*`, `recipes.*`, and the files that they name.
Leaves: data/recipes/<recipe>.json, what decides its training, and so not its question;
data/measures/<recipe>.json, how its predictions are measured; data/in_use/, the links. Nothing stays of
recipes that params.yaml no longer has.
Run: python -m stages.resolve
"""

from pathlib import Path

from pawtrace.base.files import new_folder, write_json
from pawtrace.config import paths
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.odd_values import odd_values_by_recipe
from pawtrace.config.params import Params, load_params
from pawtrace.config.recipe_file import recipe_file, weights_files
from pawtrace.running.entry_point import run_stage
from pawtrace.running.removed_recipes import drop_removed
from pawtrace.running.tracked_files import bring, require_archive

_PUBLISHED = {published.file_name for published in PUBLISHED.values()}  # Keras downloads what is not here


def write_recipes(params: Params) -> list[str]:
    """Write the files of each recipe: equal bytes for equal params and weights.

    Returns:
      The files of weights that some recipe reads.
    """
    weights: set[str] = set()
    with new_folder(paths.RECIPES) as recipes, new_folder(paths.MEASURES) as measures:
        for name in params.recipes:
            recipe = params.recipe(name)
            content = recipe_file(recipe)
            weights |= content.weights.keys()
            write_json(recipes / f"{name}.json", content.model_dump())
            write_json(measures / f"{name}.json", recipe.evaluate.measure.model_dump())
    return sorted(weights)


def link_files(archive: Path | None, weights: list[str]) -> None:
    """Link the archive, on which `download` depends, and the weights, whose change runs this stage again.

    Raises:
      DataError: the archive is missing.
    """
    with new_folder(paths.IN_USE) as folder:
        if archive is None:
            (folder / "archive").touch()
        else:
            require_archive(archive)
            (folder / "archive").symlink_to(archive.resolve())
        (folder / "weights").mkdir()
        for number, path in enumerate(weights):
            (folder / "weights" / f"{number:02d}_{Path(path).name}").symlink_to(Path(path).resolve())


def bring_files(params: Params) -> None:
    """Take the archive and the weights that params name from DVC's cache, where `dvc add` tracks them.

    Raises:
      DataError: see `bring`.
    """
    files = {file for name in params.recipes for file in weights_files(params.recipe(name).train)}
    if archive := params.data.archive_in_use:
        files.add(archive)
    for file in sorted(files):
        bring(file, may_be_missing=file.name in _PUBLISHED)


def main() -> None:
    """Run the stage."""
    params = load_params()
    bring_files(params)
    link_files(params.data.archive_in_use, write_recipes(params))
    drop_removed(params.recipes)
    print(f"resolve: {len(params.recipes)} recipes")
    for line in odd_values_by_recipe(params):
        print(f"resolve: warning: {line}")


if __name__ == "__main__":
    run_stage(main, "resolve")
