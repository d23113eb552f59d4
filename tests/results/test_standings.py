"""`pawtrace results`: what reports/ has, in at most 80 columns, and for programs."""

import csv
import io
import json
from pathlib import Path

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import DataError
from pawtrace.results.standings import Standing, as_csv, as_json, as_table, read_standings
from tests.conftest import WriteParams

METRICS = {
    "test": {"accuracy": 0.979592, "ci_low": 0.951951, "ci_high": 0.991474, "log_loss": 0.1},
    "gap": 0.024577,
}


def report(recipe: str, verdict: str | None = "healthy") -> None:
    for folder, content in (("metrics", METRICS), ("diagnosis", verdict and {"verdict": verdict})):
        if content:
            path = Path(f"reports/{folder}/{recipe}.json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))


@pytest.mark.usefixtures("project")
def test_recipes_come_in_the_order_of_params_and_others_after_them() -> None:
    for recipe in ("a", "b", "old"):
        report(recipe)
    assert [standing.recipe for standing in read_standings(["b", "unmeasured", "a"])] == ["b", "a", "old"]


@pytest.mark.usefixtures("project")
def test_a_line_holds_the_numbers_of_the_files() -> None:
    report("a", "normalization_lag")
    found = read_standings(["a"])
    assert found == [Standing("a", 0.979592, 0.951951, 0.991474, 0.024577, "normalization_lag")]
    titles, line = as_table(found).splitlines()
    assert titles.split("  ")[0].strip() == "recipe"
    assert line.split() == ["a", "98.0", "%", "95.2", "to", "99.1", "+2.5", "normalization", "lag"]


@pytest.mark.usefixtures("project")
def test_a_recipe_that_no_report_has_seen_has_no_verdict() -> None:
    report("a", verdict=None)
    assert read_standings(["a"])[0].verdict is None
    assert as_table(read_standings(["a"])).rstrip().endswith("not known")


@pytest.mark.usefixtures("project")
def test_a_table_fits_into_80_columns_and_stays_aligned() -> None:
    names = ["short", "frozen_he_normal_with_a_name_that_somebody_made_far_too_long_for_it"]
    for name in names:
        report(name, "normalization_lag")
    lines = as_table(read_standings(names)).splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" in lines[2]
    assert len({line.index("98.0 %") for line in lines[1:]}) == 1


@pytest.mark.usefixtures("project")
def test_programs_get_shares_and_whole_names() -> None:
    report("a")
    found = read_standings(["a"])
    [row] = csv.DictReader(io.StringIO(as_csv(found)))
    [entry] = json.loads(as_json(found))
    assert row == {name: str(value) for name, value in entry.items()}
    assert entry == found[0]._asdict()


@pytest.mark.usefixtures("project")
def test_no_metrics_at_all_name_the_command_that_makes_them() -> None:
    with pytest.raises(DataError, match="found none; run: make repro"):
        read_standings(["a"])


def test_the_command_names_recipes_that_are_not_measured_yet(
    write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = list(write_params().recipes)
    report(recipes[0])
    with pytest.raises(SystemExit) as ended:
        main(["results"])
    assert ended.value.code == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1].startswith(recipes[0])
    assert printed.err == f"pawtrace results: not measured yet: {', '.join(recipes[1:])}; run: make repro\n"
