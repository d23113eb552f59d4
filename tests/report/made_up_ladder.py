"""A ladder of made-up results, whose pictures are not there."""

from pawtrace.report.ladder import Rung
from tests.results.finished_project import RECIPES
from tests.results.made_up_results import made_up_data, made_up_result

DATA = made_up_data()
RESULTS = {name: made_up_result(made, name) for name, made in RECIPES.items()}


def rung(rungs: list[Rung], name: str) -> Rung:
    return next(rung for rung in rungs if rung.recipe == name)
