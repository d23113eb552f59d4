"""The flow behind the DVC stage train@<recipe>: augment -> probe -> train -> evaluate.

Arrives: data/recipes/<recipe>.json, data/records. Leaves: models/<recipe>/, complete or not at all.
Run: python -m flows.train_recipe <recipe>, on several hosts at once where KERAS_DISTRIBUTION_* name them.
"""

import os
from types import ModuleType
from typing import TYPE_CHECKING

from prefect import flow, tags, task
from prefect.cache_policies import NO_CACHE
from prefect.context import TagsContext
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.ending import ends_in_time, note_results_in_place
from flows.server_errors import server_errors_named
from flows.stale_runs import TAG, process_tag
from flows.temporary_server import prefect_server
from flows.training_artifacts import show_metrics, show_training
from pawtrace.base.files import new_folder
from pawtrace.config import paths
from pawtrace.config.recipe_file import RecipeFile, read_recipe
from pawtrace.learning.hosts import is_chief, join_hosts
from pawtrace.lineage.record.circumstances import circumstances
from pawtrace.running.entry_point import run_recipe_stage
from pawtrace.running.importing import garbage_left_alone

if TYPE_CHECKING:
    from stages.train import Job


def stage() -> ModuleType:
    """The module stages.train; importing TensorFlow takes seconds, in which the server can start."""
    with garbage_left_alone():
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
def train_recipe(name: str, recipe: RecipeFile) -> None:
    """Train the recipe of that name and predict with it."""
    # Without tags: a task that has one asks the server for leave to start, and fails where it is gone.
    with TagsContext(current_tags=set()), new_folder(paths.MODELS / name) as folder:
        job = stage().prepare(name, recipe, folder, circumstances(flow_run_id=str(flow_run.id)))
        augment(job)
        probe(job)
        train(job)
        evaluate(job)
    note_results_in_place()


def run(name: str) -> None:
    """Run the flow for a recipe, on the server that PREFECT_API_URL names or on a temporary one.

    Raises:
      PawtraceError: something is wrong with the recipe, records, device, server or training.
    """
    recipe = read_recipe(name)  # before anything is started
    join_hosts()
    with (
        prefect_server(meanwhile=stage) as url,
        temporary_settings({PREFECT_API_URL: url}),
        tags(process_tag(), *_tag_of_rebuild()),
        server_errors_named(url),
    ):
        train_recipe(name, recipe)


def take_part(name: str) -> None:
    """Help the chief of several hosts to train a recipe; see pawtrace.learning.hosts.

    Raises:
      PawtraceError: something is wrong with the recipe, records, device, hosts or training.
    """
    join_hosts()  # first: the chief comes when DVC has written the recipe
    recipe = read_recipe(name)
    stage().take_part(stage().prepare(name, recipe, paths.MODELS / name, circumstances()))


def _tag_of_rebuild() -> list[str]:
    """The tag by which a rebuild finds the runs that belong to it."""
    return [os.environ[TAG]] if TAG in os.environ else []


if __name__ == "__main__":
    with ends_in_time():
        run_recipe_stage(run if is_chief() else take_part, "train", alone=is_chief())
