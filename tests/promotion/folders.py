"""Folders of models as promotion reads them: predictions that are right where a test wants them to be."""

import json
import shutil
from pathlib import Path

import numpy as np

from pawtrace.config.params import Params
from pawtrace.config.recipe_file import recipe_file
from pawtrace.config.sections import PromoteParams
from pawtrace.evaluation.predictions import Predictions, write_predictions
from pawtrace.promotion.candidate import Candidate
from pawtrace.promotion.chosen_model import recipe_input
from pawtrace.promotion.judge import Decision
from pawtrace.promotion.record import PromotionRecord, digests
from tests.lineage.made_up_provenance import made_up_provenance

SECTIONS = {"train": "train", "probe": "probe", "evaluate": "predict"}  # of provenance: of a recipe's file
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


def write_model(
    folder: Path, test: Predictions, train: list[str] | None = None, params: Params | None = None
) -> Path:
    """Write what promotion needs of models/<recipe>/; with params, also what it was made from."""
    folder.mkdir(parents=True, exist_ok=True)
    by_split = {
        "train": predictions(train or [f"train/{number}" for number in range(10)], 1),
        "validation": predictions([f"validation/{number}" for number in range(10)], 1),
        "test": test,
    }
    write_predictions(folder / "predictions.csv", by_split)
    provenance = made_up_provenance(folder.name)
    if params is not None:
        made_of = recipe_file(params.recipe(folder.name)).model_dump(mode="json")
        sections = {name: made_of[section] for name, section in SECTIONS.items()}
        provenance = made_up_provenance(folder.name, params=sections)
    (folder / "provenance.json").write_text(provenance.model_dump_json())
    accuracy = float(np.mean(test.predicted == test.labels))
    interval = (accuracy - 0.01, accuracy + 0.01)
    evaluation = {"metrics": {"test": {"accuracy": accuracy}}, "intervals": {"accuracy": interval}}
    Path("reports/evaluations").mkdir(parents=True, exist_ok=True)
    Path(f"reports/evaluations/{folder.name}.json").write_text(json.dumps(evaluation))
    (folder / "model.keras").write_bytes(f"model of {folder.name}, {test.probabilities.sum()}".encode())
    return folder


def candidate_in(folder: Path, params: Params, **changes: object) -> Candidate:
    """A candidate that needs no dvc.lock: healthy, without duplicates."""
    sources = {name: folder / name for name in ("model.keras", "predictions.csv", "provenance.json")}
    candidate = Candidate(
        recipe=folder.name,
        sources=sources,
        md5s={},
        input=recipe_input("from_scratch", params),
        group_of={},
        verdict="healthy",
    )
    return candidate._replace(**changes)  # type: ignore[arg-type]


def write_promoted(folder: Path, params: Params, test: Predictions, train: list[str] | None = None) -> Path:
    """Write a promoted model without DVC."""
    write_model(folder, test, train)
    shutil.move(f"reports/evaluations/{folder.name}.json", folder / "evaluation.json")
    record = PromotionRecord(
        recipe="from_scratch",
        promoted_at="2026-01-01T00:00:00+00:00",
        commit=None,
        decision=Decision("first", "no model was in use before").recorded(),
        input=recipe_input("from_scratch", params),
        sha256=digests(folder),
        replaces=None,
    )
    (folder / "promoted.json").write_text(record.model_dump_json())
    return folder
