"""A recipe on a tiny backbone, and Keras as it was."""

from pathlib import Path
from typing import Any

import keras
import pytest

from pawtrace.config.recipe_file import RecipeFile, read_recipe
from pawtrace.learning.device import Compute
from stages import resolve
from stages import train as stage
from tests.conftest import WriteParams, write_records
from tests.learning.tiny import tiny_backbone
from tests.stages.train.steps import Make


@pytest.fixture
def make(write_params: WriteParams, project: Path) -> Make:
    """A project with records and a recipe `mine` on a tiny backbone."""
    write_records(project / "data/records", {"train": 40, "validation": 16, "test": 16})
    tiny_backbone(project / "tiny.keras")

    def write(train: dict[str, Any] | None = None, evaluate: dict[str, Any] | None = None) -> RecipeFile:
        overrides = {
            "backbone": "tiny.keras",
            "precision": "float32",
            "input_scaling": "backbone",
            "learning_rate": 0.01,
            "device": "cpu",
            "head": {"pooling": "average", "units": [8]},
            "phases": [{"trainable": "none", "num_epochs": 2}],
            **(train or {}),
        }
        recipes = {"mine": {"question": "?", "overrides": {"train": overrides}}}
        write_params({"recipes": recipes, "evaluate": evaluate or {}})
        resolve.main()
        return read_recipe("mine")

    return write


@pytest.fixture(autouse=True)
def _leave_keras_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Determinism and dtype policy are global; no other test should inherit them."""

    def prepare(train: Any) -> Compute:
        keras.utils.set_random_seed(train.seed)
        return Compute("cpu", "float32")

    monkeypatch.setattr(stage, "prepare_compute", prepare)
