"""What the flow run of a training shows in Prefect's UI; DVC's stages do not depend on it."""

import contextlib
from collections.abc import Mapping
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.settings import PREFECT_API_URL

from flows.server_answers import answers
from flows.server_errors import SERVER_ERRORS
from pawtrace.config.recipe_file import read_measure_params
from pawtrace.evaluation.metrics import measure
from pawtrace.evaluation.predictions import Predictions


def show_training(recipe: str, record: Mapping[str, Any]) -> None:
    """Images/s, waiting share, epochs, device: what training.json holds."""
    _show("training", recipe, record)


def show_metrics(recipe: str, predictions: Mapping[str, Predictions]) -> None:
    """The metrics on the test split, as the stage `measure` will compute them."""
    metrics = measure(predictions["test"], read_measure_params(recipe).calibration_bins)
    _show("metrics", recipe, {name: f"{value:.4f}" for name, value in metrics.items()})


def _show(kind: str, recipe: str, values: Mapping[str, Any]) -> None:
    url = PREFECT_API_URL.value()
    if url is None or not answers(url):  # Prefect itself would try for a minute, then end the training
        print(
            f"Prefect's server at {url} does not answer: {recipe} continues without showing its {kind} there",
            flush=True,
        )
        return
    rows = "\n".join(f"| {name} | {value} |" for name, value in values.items())
    with contextlib.suppress(*SERVER_ERRORS):
        create_markdown_artifact(
            f"| {kind} | {recipe} |\n|---|---|\n{rows}", key=f"{kind}-{recipe.replace('_', '-')}"
        )
