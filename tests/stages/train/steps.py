"""The four steps behind a recipe, one after the other, and where they keep what they trained."""

from collections.abc import Callable
from pathlib import Path

from pawtrace.config.recipe_file import RecipeFile
from pawtrace.lineage.record.circumstances import Circumstances, circumstances
from stages import train as stage

Make = Callable[..., RecipeFile]
NOW = circumstances(flow_run_id="a-run")


def run(recipe: RecipeFile, folder: Path, now: Circumstances = NOW) -> Path:
    folder.mkdir()
    job = stage.prepare("mine", recipe, folder, now)
    stage.augment(job)
    stage.probe(job)
    stage.train(job)
    stage.evaluate(job)
    return folder


def working_folder(recipe: RecipeFile) -> Path:
    return next(iter(stage.prepare("mine", recipe, Path("unused"), NOW).working_folders.values()))
