"""Traces of the made-up project, for the tests of what is in them."""

import json
from pathlib import Path

from pawtrace.lineage.trace.revisions import open_revision
from pawtrace.lineage.trace.trace import RecipeTrace, Trace, trace


def traced_between(older: str = "HEAD", newer: str = "workspace") -> Trace:
    return trace(open_revision(older), open_revision(newer))


def of(found: Trace, recipe: str) -> RecipeTrace:
    return next(recipe_trace for recipe_trace in found.recipes if recipe_trace.recipe == recipe)


def edit_by_hand(recipe: str = "plain") -> None:
    path = Path(f"reports/metrics/{recipe}.json")
    content = json.loads(path.read_text())
    content["test"]["accuracy"] = 0.99
    path.write_text(json.dumps(content))
