"""The flow behind the DVC stage train@<recipe>: augment -> probe -> train -> evaluate.

Arrives: data/recipes/<recipe>.json, data/records. Leaves: models/<recipe>/, as a whole or not at all.
Run: python -m flows.train_recipe <recipe>
"""

import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import httpx
from prefect import flow, tags, task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectHTTPStatusError
from prefect.logging.handlers import APILogHandler
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.stale_runs import TAG, process_tag
from flows.temporary_server import prefect_server
from flows.training_artifacts import show_metrics, show_training
from pawtrace.base.errors import DeviceError
from pawtrace.base.files import new_folder
from pawtrace.config import paths
from pawtrace.config.recipe_file import RecipeFile, read_recipe
from pawtrace.lineage.record.circumstances import circumstances
from pawtrace.running.entry_point import run_recipe_stage

if TYPE_CHECKING:
    from stages.train import Job


def stage() -> ModuleType:
    """The module stages.train; importing TensorFlow takes seconds, in which the server can start."""
    from stages import train

    return train


@task(cache_policy=NO_CACHE)
def augment(job: "Job") -> None:
    """See stages.train.augment."""
    stage().augment(job)


@task(cache_policy=NO_CACHE)
def probe(job: "Job") -> None:
    """See stages.train.probe."""
    stage().probe(job)


@task(cache_policy=NO_CACHE)
def train(job: "Job") -> None:
    """See stages.train.train."""
    stage().train(job)
    show_training(job.name, stage().training_record(job.folder))


@task(cache_policy=NO_CACHE)
def evaluate(job: "Job") -> None:
    """See stages.train.evaluate."""
    predictions = stage().evaluate(job)
    show_metrics(job.name, predictions)


@flow(name="train-recipe", flow_run_name="{name}", validate_parameters=False)
def train_recipe(name: str, recipe: RecipeFile, folder: Path) -> None:
    """Train the recipe of that name and predict with it; its results go to `folder`."""
    job = stage().prepare(name, recipe, folder, circumstances(flow_run_id=str(flow_run.id)))
    augment(job)
    probe(job)
    train(job)
    evaluate(job)


def run(name: str) -> None:
    """Run the flow for a recipe, on the server that is there or on a temporary one.

    Raises:
      PawtraceError: the recipe, the records, the device, the server or the training is at fault.
    """
    recipe = read_recipe(name)  # before anything is started
    with (
        prefect_server(meanwhile=stage) as url,
        temporary_settings({PREFECT_API_URL: url}),
        tags(process_tag(), *_tag_of_rebuild()),
        new_folder(paths.MODELS / name) as folder,
    ):
        try:
            train_recipe(name, recipe, folder)
        except (httpx.HTTPError, PrefectHTTPStatusError) as error:
            raise _unreachable(url, error) from error
        except RuntimeError as error:
            if "Failed to reach API" not in str(error):
                raise
            raise _unreachable(url, error) from error
        finally:
            APILogHandler().flush()  # before a temporary server ends


def _tag_of_rebuild() -> list[str]:
    """The tag by which a rebuild finds the runs that belong to it."""
    return [os.environ[TAG]] if TAG in os.environ else []


def _unreachable(url: str, error: Exception) -> DeviceError:
    found = " ".join(str(error).split())[:200]
    return DeviceError(
        f"PREFECT_API_URL: expected a Prefect server at {url}, found: {found}; start it, or unset "
        "PREFECT_API_URL for a temporary one"
    )


if __name__ == "__main__":
    run_recipe_stage(run, "train")
