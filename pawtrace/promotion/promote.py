"""Putting a recipe's model in use, and going back to the one before.

Leaves: promoted/, models/promoted, the link to it by which it is read, and promoted.dvc.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import write_json
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.config.recipe_file import read_recipe
from pawtrace.promotion.chosen_model import MODEL, RECORD, recipe_input
from pawtrace.promotion.judge import PREDICTIONS, Decision
from pawtrace.promotion.record import Former, PromotionRecord, changes_by_hand, digests, read_record
from pawtrace.promotion.switch import new_promoted
from pawtrace.promotion.tracking import read_pointer, restore, track
from pawtrace.running.git import ask_git
from pawtrace.running.lock import only_one

_EVALUATION = "evaluation.json"
_LOCK = "promotion"


def promote(recipe: str, params: Params, decision: Decision) -> PromotionRecord:
    """Put the model of a recipe in use, whatever the decision says: it is only recorded.

    Args:
      recipe: whose models/<recipe>/ to copy.
      params: what that was made with.
      decision: of `judge`.
    Raises:
      PawtraceError: a file is missing, another promotion is at work, or DVC cannot track the folder.
    """
    now, sources = _now(), _sources(recipe)
    for path in sources.values():
        if not path.is_file():
            raise PawtraceError(f"{path} is missing; run: dvc repro measure@{recipe}")
    _check_unedited(recipe, params)
    with only_one(_LOCK):
        former = _former()
        with new_promoted() as folder:
            for name, path in sources.items():
                shutil.copyfile(path, folder / name)
            record = PromotionRecord(
                recipe=recipe,
                promoted_at=now,
                commit=ask_git("rev-parse", "HEAD"),
                decision=decision.recorded(),
                input=recipe_input(recipe, params),
                sha256=digests(folder),
                replaces=former,
            )
            write_json(folder / RECORD, record.model_dump())
        track(recipe, now, in_use_since=now)
    return record


def rollback() -> tuple[PromotionRecord, PromotionRecord]:
    """Put the model in use that was promoted before the present one; needs no network.

    Returns:
      The record of the model that left, and of the one that is in use now.
    Raises:
      PawtraceError: there was none before, or DVC's cache has lost it.
    """
    with only_one(_LOCK):
        left = read_record(paths.PROMOTED)
        if left.replaces is None:
            raise PawtraceError(
                f"{paths.PROMOTED}: {left.recipe} is the first promoted model; none was before it"
            )
        with new_promoted() as folder:
            restore(left.replaces.digest, folder)
            if changes := changes_by_hand(folder):
                raise PawtraceError(
                    f"DVC's cache: the model before this one is damaged: {', '.join(changes)}"
                )
            back = read_record(folder)
        rolled_back = left.sha256.get(PREDICTIONS)
        track(back.recipe, back.promoted_at, _now(), rolled_back)
    return left, back


def _sources(recipe: str) -> dict[str, Path]:
    """The files that a promoted model consists of, by their names there."""
    from_training = {name: paths.MODELS / recipe / name for name in (MODEL, PREDICTIONS, paths.PROVENANCE)}
    return {**from_training, _EVALUATION: paths.EVALUATIONS / f"{recipe}.json"}


def _check_unedited(recipe: str, params: Params) -> None:
    """What is written beside the model must be what it was made with, not an edit of params.yaml since."""
    made_with, resolved = read_recipe(recipe), params.recipe(recipe)
    for name, made, now in (
        ("train", made_with.train, resolved.train),
        ("evaluate", made_with.predict, resolved.evaluate.predict),
    ):
        if made != now:
            raise PawtraceError(
                f"params.yaml: {name} of {recipe}: expected what {paths.MODELS / recipe} was made with, "
                f"found an edit; run: dvc repro measure@{recipe}"
            )


def _former() -> Former | None:
    """The model in use, as DVC has it: that can be gone back to, whatever was done to the folder."""
    pointer = read_pointer()
    if pointer is None:
        return None
    return Former(digest=pointer.digest, recipe=pointer.recipe, promoted_at=pointer.promoted_at)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
