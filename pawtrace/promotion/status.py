"""Which model is promoted: lines for a reader, and problems."""

from typing import NamedTuple

from pawtrace.base.errors import PawtraceError
from pawtrace.base.stage_outputs import read_json
from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.promotion.made_from import data_sentences
from pawtrace.promotion.record import PromotionRecord, changes_by_hand, read_record
from pawtrace.promotion.switch import was_cut_off
from pawtrace.promotion.tracking import POINTER, check_project, difference_from_tracked, read_pointer
from pawtrace.results.number_words import percent
from pawtrace.results.origins import read_origin
from pawtrace.results.results import Measured


class Status(NamedTuple):
    """The promoted model, as it is found."""

    lines: list[str]  # what it is; empty where it is missing
    problems: list[str]  # empty where all is well


def promoted_status() -> Status:
    """Look at the promoted model.

    Raises:
      PawtraceError: this is no project.
    """
    check_project()
    if not paths.PROMOTED.exists():
        if POINTER.is_file():
            return Status(
                [], [f"{paths.PROMOTED} is missing; run: dvc checkout {POINTER}, or dvc pull {POINTER}"]
            )
        return Status([], ["no model is promoted yet; run: pawtrace promote"])
    try:
        record = read_record(paths.PROMOTED)
        if was_cut_off():
            return Status(
                [], [f"the promotion was interrupted; run: pawtrace promote --force {record.recipe}"]
            )
        return Status(_lines(record), _problems(record.recipe))
    except PawtraceError as error:
        return Status([], [str(error)])


def _problems(recipe: str) -> list[str]:
    """What is wrong with the promoted files, each with a command that loses none of them."""
    by_hand = [f"{paths.PROMOTED}/{change}" for change in changes_by_hand(paths.PROMOTED)]
    if not POINTER.is_file():
        again = "git checkout" if by_hand else f"dvc add --no-relink {paths.PROMOTED_FOLDER}, or git checkout"
        return [*by_hand, f"{POINTER} is missing; run: {again} {POINTER}"]
    difference = difference_from_tracked()
    if difference == "not in cache" and not by_hand:
        return [
            f"DVC's cache has lost the promoted model, which is still here; run: dvc commit --force {POINTER}"
        ]
    has_copy = difference not in ("", "not in cache")
    again = f"dvc checkout --force {POINTER}" if has_copy else f"pawtrace promote --force {recipe}"
    differs = [f"{paths.PROMOTED} is not the model of {POINTER}"] if difference else []
    problems = by_hand or differs
    return [f"{problem}; run: {again}" for problem in problems]


def _lines(record: PromotionRecord) -> list[str]:
    evaluation = read_json(Measured, paths.PROMOTED / "evaluation.json", f"train@{record.recipe}")
    low, high = evaluation.intervals["accuracy"]
    before, best, pointer = record.replaces, record.best, read_pointer()
    forced = "" if record.decision.promote else "--force; the comparison said: "
    since = pointer.in_use_since if pointer else record.promoted_at
    by = ", by a rollback" if pointer and pointer.rolled_back else ""
    data, *changes = data_sentences(record.data, load_params())
    return [
        f"recipe         {record.recipe}",
        f"made from      {data}",
        *(f"               {change}" for change in changes),
        f"trained        {_origin(record.recipe)}",
        f"in use since   {since}{by}",
        f"promoted       {record.promoted_at}, at commit {(record.commit or 'none')[:12]}",
        f"because        {forced}{record.decision.sentence}",
        f"test accuracy  {percent(evaluation.metrics['test']['accuracy'])} "
        f"(95 % interval {percent(low)} to {percent(high)})",
        f"previous model {f'{before.recipe}, promoted {before.promoted_at}' if before else 'none'}",
        f"best so far    {f'{best.recipe}, promoted {best.promoted_at}' if best else 'this model'}",
    ]


def _origin(recipe: str) -> str:
    """When and on which commit, and whether that commit alone can train the model again."""
    try:
        origin = read_origin(paths.PROMOTED, recipe)
    except PawtraceError:  # the list of problems names the file
        return "unknown"
    at = f"{origin.start.isoformat(timespec='seconds')}, at commit {(origin.commit or 'none')[:12]}"
    return f"{at}, with uncommitted edits" if origin.num_uncommitted else at
