"""The table of verdicts is complete, and README says the same."""

import re
from typing import get_args

from pawtrace.config.sections import VerdictName
from pawtrace.diagnosis import rules
from pawtrace.diagnosis.verdicts import VERDICTS
from tests.conftest import ROOT


def test_each_verdict_that_a_recipe_may_cure_is_a_row_of_the_table_in_that_order() -> None:
    assert tuple(VERDICTS) == get_args(VerdictName)


def test_each_verdict_has_a_module_of_its_own_for_its_rule() -> None:
    modules = {path.stem for path in (ROOT / "pawtrace/diagnosis/rules").glob("[!_]*.py")}
    assert modules == set(VERDICTS)
    for name, verdict in VERDICTS.items():
        assert verdict.rule.__module__ == f"{rules.__name__}.{name}"


def test_readme_explains_each_verdict_with_the_tables_words() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("| verdict | it means |")[1].split("\n\n")[0]
    explained = re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.M)
    assert explained == [(name, verdict.cause) for name, verdict in VERDICTS.items()]
