"""Which model answers, and what it was made from."""

from pawtrace.config.params import Params
from pawtrace.promotion.chosen_model import RECORD, ChosenModel
from pawtrace.promotion.made_from import data_sentences
from pawtrace.promotion.record import read_record


def model_sentences(chosen: ChosenModel, params: Params) -> list[str]:
    """Describe a promoted model, and what has changed since then; nothing for any other model.

    Raises:
      PawtraceError: promoted.json is damaged.
    """
    if not (chosen.path.parent / RECORD).is_file():
        return []
    record = read_record(chosen.path.parent)
    day = record.promoted_at.partition("T")[0]
    data, *changes = data_sentences(record.data, params)
    return [f"{record.recipe}, promoted {day}, made from {data}", *changes]
