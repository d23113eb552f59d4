"""The flow behind the DVC stage train@<recipe>: augment -> train -> evaluate.

Arrives: data/records and a recipe's name. Leaves: models/<recipe>/, as a whole or not at all.
Run: python -m flows.train_recipe <recipe>
"""

import sys
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.temporary_server import prefect_server
from pawtrace.config import paths
from pawtrace.config.entry_point import run_stage
from pawtrace.config.errors import ParamsError
from pawtrace.config.files import new_folder
from pawtrace.config.params import load_params
from stages import train as stage


@task(cache_policy=NO_CACHE)
def augment(name: str, folder: str) -> None:
    """See stages.train.augment."""
    stage.augment(load_params().recipe(name), Path(folder))


@task(cache_policy=NO_CACHE)
def train(name: str, folder: str) -> None:
    """See stages.train.train."""
    stage.train(load_params().recipe(name), Path(folder))


@task(cache_policy=NO_CACHE)
def evaluate(name: str, folder: str) -> None:
    """See stages.train.evaluate; the test metrics become an artifact of the flow run."""
    stage.evaluate(load_params().recipe(name), Path(folder))
    metrics = stage.test_metrics(Path(folder))
    rows = "\n".join(f"| {metric} | {value:.4f} |" for metric, value in metrics.items())
    create_markdown_artifact(
        f"| metric on test | {name} |\n|---|---|\n{rows}", key=f"metrics-{name.replace('_', '-')}"
    )


@flow(name="train-recipe", flow_run_name="{name}")
def train_recipe(name: str, folder: str) -> None:
    """Train and measure one recipe; its results go to `folder`."""
    augment(name, folder)
    train(name, folder)
    evaluate(name, folder)


def run(name: str) -> None:
    """Run the flow for a recipe, on the server that is there or on a temporary one.

    Raises:
      PawtraceError: the recipe, the records, the device or the training is at fault.
    """
    load_params().recipe(name)  # wrong params are refused before anything is started
    with (
        prefect_server() as url,
        temporary_settings({PREFECT_API_URL: url}),
        new_folder(paths.MODELS / name) as folder,
    ):
        try:
            train_recipe(name, str(folder))
        finally:
            APILogHandler().flush()  # before a temporary server ends


def main() -> None:
    """Read the recipe's name from the command line."""
    if len(sys.argv) != 2:
        known = ", ".join(load_params().recipes)
        raise ParamsError(f"expected the name of one recipe; there are: {known}")
    run(sys.argv[1])


if __name__ == "__main__":
    run_stage(main, f"train@{sys.argv[1]}" if len(sys.argv) == 2 else "train")
