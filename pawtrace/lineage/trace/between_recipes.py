"""What differs between two recipes of the workspace, and how it moves their metrics.

Arrives: the names of two recipes. Leaves: a `Trace` of one entry, as if one recipe had become the other.
"""

import copy

from pawtrace.base.errors import DataError
from pawtrace.lineage.trace.movement import movements_of
from pawtrace.lineage.trace.pending import recipes_of
from pawtrace.lineage.trace.revisions import WORKSPACE, find_commit, open_revision
from pawtrace.lineage.trace.snapshot import Snapshot, measure_stage, train_stage
from pawtrace.lineage.trace.trace import Trace, trace_recipe


def are_recipes(*names: str) -> bool:
    """Whether all names are recipes of the workspace: a revision of such a name needs a fuller one.

    Raises:
      DataError: one name can only be a recipe, and another name is none.
    """
    snapshot = Snapshot(open_revision(WORKSPACE))
    known = list(dict.fromkeys([*(recipes_of(snapshot) or ()), *snapshot.metrics]))
    others = [name for name in names if name not in known]
    for name in names:
        if others and name in known and find_commit(name) is None:
            raise DataError(
                f"expected two recipes or two revisions, found the recipe {name} and {others[0]}; "
                f"the recipes are: {', '.join(known)}"
            )
    return not others


def trace_between_recipes(older: str, newer: str) -> Trace:
    """Compare two recipes.

    Raises:
      DataError: one of them has not been measured.
    """
    snapshot = Snapshot(open_revision(WORKSPACE))
    for recipe in (older, newer):
        if recipe not in snapshot.metrics:
            raise DataError(f"recipe {recipe}: expected metrics, found none; run: dvc repro measure@{recipe}")
    old, new = (_renamed(snapshot, recipe, newer) for recipe in (older, newer))
    problems = list(snapshot.problems)
    traced = trace_recipe(newer, old, new, movements_of(newer, old, new, (), problems))
    # Nothing is pending: two runs are compared as they were recorded, whatever was edited since.
    return Trace(older, newer, [traced], examples=None, counts=[], pending=[], problems=problems)


def _renamed(snapshot: Snapshot, recipe: str, name: str) -> Snapshot:
    """A snapshot that has what is known of a recipe, under another name."""
    renamed = copy.copy(snapshot)
    renamed.metrics = {name: snapshot.metrics[recipe]}
    renamed.provenance = {name: snapshot.provenance[recipe]} if recipe in snapshot.provenance else {}
    renamed.edited = {name} if recipe in snapshot.edited else set()
    renamed.stages = dict(snapshot.stages or {})
    for stage in (train_stage, measure_stage):
        record = snapshot.stage(stage(recipe))
        if record is not None:  # its command only names the recipe
            renamed.stages[stage(name)] = record._replace(command="")
    return renamed
