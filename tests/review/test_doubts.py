"""Which photos `pawtrace review` shows, and why."""

import shutil
from pathlib import Path

import pytest

from pawtrace.base.files import write_json
from pawtrace.review.doubts import find_doubts
from tests.review.conftest import ERROR, RECIPE


@pytest.mark.parametrize("best", [RECIPE, "other"])
@pytest.mark.usefixtures("params")
def test_the_mistake_of_the_best_recipe_is_the_one_that_is_told(best: str) -> None:
    shutil.copytree(f"models/{RECIPE}", "models/other")
    for recipe in (RECIPE, "other"):
        test = {"accuracy": 0.9 if recipe == best else 0.8, "ci_low": 0.7, "ci_high": 0.95}
        write_json(Path(f"reports/metrics/{recipe}.json"), {"test": test, "gap": 0.0})
        write_json(Path(f"reports/diagnosis/{recipe}.json"), {"verdict": "healthy", "suspects": []})
    (doubt,) = (doubt for doubt in find_doubts([RECIPE, "other"], {}) if doubt.file == ERROR)
    assert any(f"{best} predicts" in reason.sentence for reason in doubt.reasons)
