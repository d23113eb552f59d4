"""The seam to pawtrace.promotion: the best recipe against the model that is in use."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.evaluation.results import best_result, read_result

PROMOTED = paths.MODELS / "promoted"


class Verdict(NamedTuple):
    """Whether a recipe may take the promoted model's place."""

    recipe: str
    promote: bool
    sentence: str


def judge(params: Params) -> Verdict:
    """Compare the best recipe, chosen on validation, with the promoted model.

    Raises:
      PawtraceError: results, or the promoted model, are missing or changed.
    """
    results = [read_result(paths.MODELS / name, recipe.question) for name, recipe in params.recipes.items()]
    best = best_result(results).name
    promoted: Path | None = PROMOTED if PROMOTED.exists() else None
    decision = _promotion().judge(paths.MODELS / best, promoted, params)
    return Verdict(best, decision.promote, decision.sentence)


def promote(recipe: str) -> None:
    """Put a recipe's model in the promoted one's place."""
    _promotion().promote(recipe)


def _promotion() -> ModuleType:
    return importlib.import_module("pawtrace.promotion")
