"""docs/answer.md is made from kept figures: recipes of several sittings, compared on the same pictures."""

from typing import Any

import pytest

from benchmarks.answer import figures_of, filled, merged
from benchmarks.answer_tables import accuracy_chart, claims_table, comparisons_of, recipes_table
from pawtrace.base.errors import DataError
from pawtrace.config.params import load_params
from pawtrace.report.ladder import Rung, climb
from pawtrace.report.ladder_markdown import escaped
from tests.results.finished_project import RECIPES, finish_project
from tests.results.made_up_results import MadeUp, made_up_data, made_up_result


@pytest.fixture(scope="module")
def rungs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rung]:
    root = tmp_path_factory.mktemp("finished")
    finish_project(root)
    results = {
        name: made_up_result(made._replace(test_accuracies=None), name)  # one seed each
        for name, made in RECIPES.items()
        if not made.wrong_labels
    }
    return {rung.recipe: rung for rung in climb(load_params(root / "params.yaml"), results, made_up_data())}


def figures(rungs: dict[str, Rung], day: str = "2026-11-27") -> dict[str, dict[str, Any]]:
    return {name: figures_of(rung, day) for name, rung in rungs.items()}


def test_recipes_of_two_sittings_are_compared_as_those_of_one(rungs: dict[str, Rung]) -> None:
    names = list(rungs)
    first = merged({}, figures({name: rungs[name] for name in names[:2]}))
    both = merged(first, figures({name: rungs[name] for name in names[2:]}))
    ladder = {name: rung.comparison for name, rung in rungs.items() if rung.comparison is not None}
    assert len(ladder) > 1
    assert comparisons_of(both) == ladder


def test_a_recipe_that_is_measured_again_replaces_its_figures(rungs: dict[str, Rung]) -> None:
    kept = merged(merged({}, figures(rungs)), figures(rungs, "2026-12-01"))
    assert {each["day"] for each in kept["recipes"].values()} == {"2026-12-01"}


def test_figures_of_other_pictures_are_refused(rungs: dict[str, Rung]) -> None:
    kept = merged({}, figures(rungs))
    name, rung = next(iter(rungs.items()))
    other = made_up_result(MadeUp(sizes={"train": 300, "validation": 80, "test": 78}), name)
    with pytest.raises(DataError, match=r"answer\.json: expected figures of these test pictures"):
        merged(kept, {name: figures_of(rung._replace(result=other), "2026-12-01")})


def test_tables_and_picture_have_every_recipe_and_claim(rungs: dict[str, Rung]) -> None:
    kept = merged({}, figures(rungs))
    rows = recipes_table(kept).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(rungs)
    for name, rung in rungs.items():
        row = next(row for row in rows if row.startswith(f"| `{name}`"))
        assert f"{100 * rung.test_accuracy:.1f} (" in row
        assert f"| {rung.diagnosis.verdict} |" in row
        assert name in accuracy_chart(kept["recipes"])
    claimed = [rung.claim.sentence for rung in rungs.values() if rung.claim is not None]
    rows = claims_table(kept).splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(map(escaped, claimed))


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    page = "# Answer\n<!-- recipes -->\nold\n<!-- end -->\nwords\n"
    assert filled(page, {"recipes": "new"}) == "# Answer\n<!-- recipes -->\nnew\n<!-- end -->\nwords\n"
    with pytest.raises(DataError, match="<!-- claims -->, found 0"):
        filled(page, {"claims": "new"})
