"""Promote a recipe's model, or go back to the one before.

Leaves: the folder promoted/, the link models/promoted by which programs open it, and promoted.dvc.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import md5_of, write_json, write_text
from pawtrace.config import paths
from pawtrace.promotion.candidate import PREDICTIONS, Candidate
from pawtrace.promotion.chosen_model import RECORD
from pawtrace.promotion.judge import Decision
from pawtrace.promotion.model_card import CARD, described_in, model_card
from pawtrace.promotion.record import (
    BEST_PREDICTIONS,
    Former,
    PromotionRecord,
    changes_by_hand,
    digests,
    read_record,
)
from pawtrace.promotion.switch import new_promoted
from pawtrace.promotion.tracking import POINTER, check_project, read_pointer, restore, track
from pawtrace.running.git import ask_git
from pawtrace.running.lock import only_one, project_held_by_us

_LOCK = "promotion"


def promote(candidate: Candidate, decision: Decision) -> PromotionRecord:
    """Promote the model of a recipe, whatever the decision says: the decision is only recorded.

    The files are copied to a new folder, compared with dvc.lock, and switched to atomically.

    Args:
      candidate: of `candidate_of`.
      decision: of `judge`.
    Raises:
      PawtraceError: a file changed since `candidate_of` looked at it, another run or promotion is running,
        or DVC cannot track the folder.
    """
    now = _now()
    with project_held_by_us(), only_one(_LOCK):
        former, better = _former(), decision.better
        with new_promoted() as folder:
            for name, path in candidate.sources.items():
                shutil.copyfile(path, folder / name)
                if md5_of(folder / name) != candidate.md5s[name]:
                    raise PawtraceError(
                        f"{path}: expected the file that dvc.lock recorded, found it changed; "
                        "run: pawtrace verify"
                    )
            if better is not None:
                shutil.copyfile(better.predictions, folder / BEST_PREDICTIONS)
            write_text(folder / CARD, _card(candidate, folder))
            record = PromotionRecord(
                recipe=candidate.recipe,
                promoted_at=now,
                commit=ask_git("rev-parse", "HEAD"),
                decision=decision.recorded(),
                input=candidate.input,
                sha256=digests(folder),
                replaces=former,
                best=None if better is None else better.model,
                data=candidate.data,
            )
            write_json(folder / RECORD, record.model_dump())
        track(candidate.recipe, now, in_use_since=now)
    return record


def rollback() -> tuple[PromotionRecord, PromotionRecord]:
    """Go back to the model that was promoted before the present one; needs no network.

    Returns:
      The record of the model that was rolled back, and of the one that is in use now.
    Raises:
      PawtraceError: there is no earlier model, DVC's cache has lost it, another run is working, or this is
        no project.
    """
    check_project()
    with project_held_by_us(), only_one(_LOCK):
        if not POINTER.is_file():
            raise PawtraceError("no model is promoted yet; run: pawtrace promote")
        left = read_record(paths.PROMOTED)
        if left.replaces is None:
            raise PawtraceError(
                f"{paths.PROMOTED}: expected an earlier model to go back to, found none: {left.recipe} is "
                "the first promoted model"
            )
        with new_promoted() as folder:
            restore(left.replaces.digest, folder)
            if changes := changes_by_hand(folder):
                raise PawtraceError(f"DVC's cache: the previous model is damaged: {', '.join(changes)}")
            back = read_record(folder)
        rolled_back = left.sha256.get(PREDICTIONS)
        track(back.recipe, back.promoted_at, _now(), rolled_back)
    return left, back


def _card(candidate: Candidate, folder: Path) -> str:
    model = described_in(folder, candidate.recipe, candidate.data, candidate.verdict)
    return model_card(model, title=f"{candidate.recipe}, a promoted model of pawtrace")


def _former() -> Former | None:
    """The model in use, as DVC has it: that can be gone back to, whatever was done to the folder."""
    pointer = read_pointer()
    if pointer is None:
        return None
    return Former(digest=pointer.digest, recipe=pointer.recipe, promoted_at=pointer.promoted_at)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
