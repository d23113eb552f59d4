"""The accuracy and the verdict of a recipe in one line, as soon as it is measured."""

from pawtrace.base.errors import PawtraceError
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.repro.colours import Paint
from pawtrace.results.number_words import percent


def verdict_line(recipe: str, params: Params, paint: Paint) -> str:
    """`from_scratch: 45.3 % (39.0 % to 51.8 %), dead: hardly better than guessing, ...`."""
    from pawtrace.dataset.splitting.splits import group_by_id  # SciPy and scikit-learn take seconds
    from pawtrace.diagnosis.diagnosis import diagnose
    from pawtrace.diagnosis.verdicts import VERDICTS
    from pawtrace.results.data_summary import read_data_summary
    from pawtrace.results.results import read_result

    try:
        result = read_result(recipe, params.recipes[recipe].question, group_by_id(paths.SPLITS))
        data = read_data_summary(paths.RAW, paths.SPLITS, paths.REPORTS / "data.json")
        found = diagnose(result, data, params.diagnose, params.recipe(recipe).train)
    except PawtraceError as error:  # the stage `report` will stop at it
        return f"{recipe}: measured; its verdict is not known yet: {error}"
    verdict, accuracy = VERDICTS[found.verdict], result.metric("test", "accuracy")
    low, high = map(percent, result.evaluation.intervals["accuracy"])
    name = paint(verdict.words, verdict.tone)
    return f"{recipe}: {percent(accuracy)} ({low} to {high}), {name}: {verdict.cause}"
