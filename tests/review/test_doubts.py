"""Which photos `pawtrace review` shows, and why."""

import shutil
from pathlib import Path

import pytest

from pawtrace.base.files import write_json
from pawtrace.review.doubts import find_doubts
from tests.review.conftest import COPY, ERROR, RAW, RECIPE, SUSPECT


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


@pytest.mark.usefixtures("params")
def test_what_is_decided_is_no_longer_open_and_only_pairs_stay_in_their_place() -> None:
    before = {doubt.file: doubt for doubt in find_doubts([RECIPE], {})}
    assert before[SUSPECT].is_open
    assert before[SUSPECT].kind == "suspect"
    decided = find_doubts([RECIPE], {SUSPECT: "keep", ERROR: "dog", COPY.id: "drop"})
    after = {doubt.file: doubt for doubt in decided}
    assert {file for file, doubt in after.items() if not doubt.is_open} == {SUSPECT, ERROR, COPY.id}
    assert after[SUSPECT].kind == after[ERROR].kind == "decided"
    assert after[COPY.id].kind == before[COPY.id].kind == "two_labels"
    assert after[RAW[0].id].is_open
