"""Putting a recipe's model in use, and going back to the one before.

Leaves: promoted/, models/promoted, the link to it by which it is read, and promoted.dvc.
"""

import json
import shutil
from datetime import UTC, datetime

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import write_json
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.promotion.chosen_model import MODEL, RECORD, recipe_input
from pawtrace.promotion.judge import PREDICTIONS, Decision
from pawtrace.promotion.record import Former, PromotionRecord, changes_by_hand, digests, read_record
from pawtrace.promotion.switch import new_promoted
from pawtrace.promotion.tracking import read_pointer, restore, track
from pawtrace.running.git import ask_git
from pawtrace.running.lock import only_one

_NEEDED = (MODEL, PREDICTIONS, "evaluation.json")
_WHERE_THERE = ("provenance.json",)
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
    source, now = paths.MODELS / recipe, _now()
    for name in _NEEDED:
        if not (source / name).is_file():
            raise PawtraceError(f"{source / name} is missing; run: dvc repro train@{recipe}")
    _check_unedited(recipe, params)
    with only_one(_LOCK):
        former = _former()
        with new_promoted() as folder:
            for name in (*_NEEDED, *_WHERE_THERE):
                if (source / name).is_file():
                    shutil.copyfile(source / name, folder / name)
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


def _check_unedited(recipe: str, params: Params) -> None:
    """What is written beside the model must be what it was made with, not an edit of params.yaml since."""
    path, resolved = paths.RECIPES / f"{recipe}.json", params.recipe(recipe)
    again = f"run: dvc repro train@{recipe}"
    if not path.is_file():
        raise PawtraceError(f"{path} is missing; {again}")
    made_with = json.loads(path.read_text(encoding="utf-8"))
    for name, section in (("train", resolved.train), ("evaluate", resolved.evaluate)):
        if made_with[name] != json.loads(section.model_dump_json()):
            raise PawtraceError(
                f"params.yaml: {name} of {recipe}: expected what {paths.MODELS / recipe} was made with, "
                f"found an edit; {again}"
            )


def _former() -> Former | None:
    """The model in use, as DVC has it: that can be gone back to, whatever was done to the folder."""
    pointer = read_pointer()
    if pointer is None:
        return None
    return Former(digest=pointer.digest, recipe=pointer.recipe, promoted_at=pointer.promoted_at)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
