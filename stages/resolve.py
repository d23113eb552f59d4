"""Write every recipe in full, so that DVC can see which of them an edit of params.yaml changes.

A recipe inherits overrides through `builds_on`; DVC's params cannot follow that, a file can be watched.

Arrives: `train.*`, `probe.*`, `evaluate.*`, `recipes.*`.
Leaves: data/recipes/<recipe>.json, which holds what decides its results, and so not its question.
Run: python -m stages.resolve
"""

from pathlib import Path

from pawtrace.base.files import new_folder, write_json
from pawtrace.config import paths
from pawtrace.config.params import Params, load_params
from pawtrace.running.entry_point import run_stage


def write_recipes(params: Params, folder: Path) -> None:
    """Write the resolved sections of each recipe: a file a recipe, equal bytes for equal params."""
    for name in params.recipes:
        recipe = params.recipe(name)
        sections = {"train": recipe.train, "probe": recipe.probe, "evaluate": recipe.evaluate}
        content = {section: values.model_dump() for section, values in sections.items()}
        write_json(folder / f"{name}.json", content)


def main() -> None:
    """Run the stage."""
    params = load_params()
    with new_folder(paths.RECIPES) as folder:
        write_recipes(params, folder)
    print(f"resolve: {len(params.recipes)} recipes")


if __name__ == "__main__":
    run_stage(main, "resolve")
