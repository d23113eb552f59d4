"""Which model answers, and what it was made from, in one sentence."""

from pawtrace.config.params import Params
from pawtrace.promotion.chosen_model import RECORD, ChosenModel
from pawtrace.promotion.made_from import data_sentence
from pawtrace.promotion.record import read_record


def model_sentence(chosen: ChosenModel, params: Params) -> str | None:
    """Describe a promoted model; None for any other model.

    Raises:
      PawtraceError: promoted.json is damaged.
    """
    if not (chosen.path.parent / RECORD).is_file():
        return None
    record = read_record(chosen.path.parent)
    day = record.promoted_at.partition("T")[0]
    return f"{record.recipe}, promoted {day}, made from {data_sentence(record.data, params)}"
