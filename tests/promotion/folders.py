"""Folders of models as promotion reads them: predictions that are right where a test wants them to be."""

import json
import shutil
from pathlib import Path

import numpy as np

from pawtrace.config.params import Params
from pawtrace.config.sections import PromoteParams
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.predictions import Predictions, write_predictions
from pawtrace.promotion.chosen_model import recipe_input
from pawtrace.promotion.judge import Decision
from pawtrace.promotion.record import PromotionRecord, digests
from stages.resolve import write_recipes
from tests.results.made_up_results import EVALUATE

MARGIN = PromoteParams(margin=0.01)


def predictions(ids: list[str], num_wrong: int, first_wrong: int = 0) -> Predictions:
    """Predictions of cats and dogs in turn; so many are wrong, from a place on."""
    labels = np.arange(len(ids)) % 2
    right = np.ones(len(ids), bool)
    right[first_wrong : first_wrong + num_wrong] = False
    return Predictions(ids, labels, np.where(labels == right, 0.9, 0.1))


def names(start: int, count: int) -> list[str]:
    """Ids of examples."""
    return [f"{number}.jpg" for number in range(start, start + count)]


def write_model(folder: Path, test: Predictions, train: list[str] | None = None) -> Path:
    """Write what promotion needs of models/<recipe>/."""
    folder.mkdir(parents=True, exist_ok=True)
    by_split = {
        "train": predictions(train or [f"train/{number}" for number in range(10)], 1),
        "validation": predictions([f"validation/{number}" for number in range(10)], 1),
        "test": test,
    }
    write_predictions(folder / "predictions.csv", by_split)
    (folder / "provenance.json").write_text("{}")
    evaluation = json.dumps(evaluate_predictions(by_split, EVALUATE))
    Path("reports/evaluations").mkdir(parents=True, exist_ok=True)
    Path(f"reports/evaluations/{folder.name}.json").write_text(evaluation)
    (folder / "model.keras").write_bytes(f"model of {folder.name}, {test.probabilities.sum()}".encode())
    return folder


def write_promoted(folder: Path, params: Params, test: Predictions, train: list[str] | None = None) -> Path:
    """Write a promoted model without DVC."""
    write_model(folder, test, train)
    shutil.move(f"reports/evaluations/{folder.name}.json", folder / "evaluation.json")
    record = PromotionRecord(
        recipe="from_scratch",
        promoted_at="2026-01-01T00:00:00+00:00",
        commit=None,
        decision=Decision("first", "it is the first one").recorded(),
        input=recipe_input("from_scratch", params),
        sha256=digests(folder),
        replaces=None,
    )
    (folder / "promoted.json").write_text(record.model_dump_json())
    return folder


def write_resolved(params: Params) -> None:
    """Write data/recipes/, as the stage resolve does."""
    write_recipes(params)
