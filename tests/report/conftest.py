"""A finished project, read once for all tests of the page; the page of any of its rungs; a made-up ladder."""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pawtrace.config import paths
from pawtrace.config.params import Params, load_params
from pawtrace.report.claims import Judgement
from pawtrace.report.ladder import Rung, climb
from pawtrace.report.page import report_page
from pawtrace.results.data_summary import DataSummary, read_data_summary
from pawtrace.results.origins import Origin, read_origins
from pawtrace.results.results import Result, read_results
from tests.report.made_up_ladder import DATA, RESULTS
from tests.results.finished_project import finish_project

CLAIM = Judgement("It overfits.", "frozen_random", "dead", "contradicted")


class Finished(NamedTuple):
    """What the stage `report` reads."""

    root: Path
    params: Params
    results: dict[str, Result]
    data: DataSummary
    rungs: list[Rung]
    origins: dict[str, Origin]

    def page(self, rungs: list[Rung] | None = None, **changes: Any) -> str:
        """The page of some rungs, or of other data or origins."""
        rungs = rungs or self.rungs
        shown = {"judgements": [CLAIM], "data": self.data, "shortcuts": [], "origins": self.origins} | changes
        with contextlib.chdir(self.root):
            return report_page(rungs, thresholds=self.params.diagnose, **shown)

    def rung(self, name: str) -> Rung:
        """The rung of a recipe."""
        return next(rung for rung in self.rungs if rung.recipe == name)


@pytest.fixture(scope="package")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    root = tmp_path_factory.mktemp("finished")
    finish_project(root)
    with contextlib.chdir(root):
        params = load_params()
        results = read_results(params)
        data = read_data_summary(paths.RAW, paths.SPLITS, paths.REPORTS / "data.json")
        return Finished(root, params, results, data, climb(params, results, data), read_origins(results))


@pytest.fixture(scope="package")
def page(finished: Finished) -> str:
    """The page of all its rungs."""
    return finished.page()


@pytest.fixture(scope="package")
def params(tmp_path_factory) -> Params:
    root = tmp_path_factory.mktemp("finished")
    finish_project(root)
    return load_params(root / "params.yaml")


@pytest.fixture(scope="package")
def rungs(params) -> list[Rung]:
    """The rungs of the made-up ladder."""
    return climb(params, RESULTS, DATA)
