"""Why metrics moved between two revisions: per recipe what moved, what changed, and whether that explains it.

Arrives: two revisions. Leaves: a `Trace`, which `trace_text` writes and `pawtrace trace` prints.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.lineage.trace.example_changes import ExampleChanges, compare_examples, split_changed
from pawtrace.lineage.trace.input_changes import DATA_STAGES, Change, chain_of, changes_of, on_record
from pawtrace.lineage.trace.movement import Movement, movements_of
from pawtrace.lineage.trace.pending import pending_of, stages_of_today
from pawtrace.lineage.trace.revisions import DEEPEN, Revision, is_shallow
from pawtrace.lineage.trace.snapshot import Snapshot, measure_stage, train_stage

Verdict = Literal["explained", "unexplained", "unmoved", "unchanged", "added", "removed"]


class Share(NamedTuple):
    """The effect of a group of changes: test accuracy before and after them."""

    group: str  # params | data | code, or several that could not be told apart
    old: float
    new: float


class Attribution(NamedTuple):
    """A recipe's difference in test accuracy, divided among groups of changes."""

    recipe: str
    shares: list[Share]
    problems: list[str]


class RecipeTrace(NamedTuple):
    """What happened to one recipe."""

    recipe: str
    verdict: Verdict
    why: str  # of a verdict that the changes do not speak for
    moved: list[Movement]
    changes: list[Change]
    first_stage: str | None  # whose inputs differ
    causes: list[Change]  # the changes that can have moved a metric
    accuracy: float | None  # on test, at the newer revision


class Trace(NamedTuple):
    """What happened between two revisions."""

    older: str
    newer: str
    recipes: list[RecipeTrace]
    examples: ExampleChanges | None  # None: nothing differs, or it is not known
    counts: list[str]  # of examples that differ: `train.cat: 745 -> 790`
    pending: list[str]  # edits in the newer revision that have not run yet
    problems: list[str]  # what could not be read, with what to run
    attributions: list[Attribution] = []  # where asked for

    @property
    def unexplained(self) -> list[str]:
        """The recipes with a metric that moved for no recorded reason."""
        return [recipe.recipe for recipe in self.recipes if recipe.verdict == "unexplained"]


def trace(older: Revision, newer: Revision) -> Trace:
    """Compare two revisions of the project.

    Raises:
      DataError: neither has any metrics.
    """
    old, new = Snapshot(older), Snapshot(newer)
    recipes = list(dict.fromkeys([*new.metrics, *old.metrics]))
    if not recipes:
        raise DataError(
            f"reports/metrics: expected metrics at {older} or {newer}, found none at either; run: dvc repro"
        )
    problems = [*old.problems, *new.problems]
    for snapshot in (old, new):
        problems += _blind_spots([recipe for recipe in recipes if recipe in snapshot.metrics], snapshot)
    examples = _examples(old, new, problems)
    replaced = () if examples is None else examples.replaced
    traced = []
    for recipe in recipes:
        if recipe in old.metrics and recipe in new.metrics:
            moved = movements_of(recipe, old, new, replaced, problems)
            traced.append(trace_recipe(recipe, old, new, moved))
        else:
            traced.append(_one_sided(recipe, old, new))
    if is_shallow() and any(change.kind == "code" for recipe in traced for change in recipe.changes):
        problems.append(f"this clone is shallow: commits that changed code may be missing; run: {DEEPEN}")
    problems = list(dict.fromkeys(problems))
    counts, pending = _counts(old, new), pending_of(new)
    return Trace(str(older), str(newer), traced, examples, counts, pending, problems)


def trace_recipe(recipe: str, old: Snapshot, new: Snapshot, moved: list[Movement]) -> RecipeTrace:
    """Which of the differences between two snapshots moved a recipe's metrics."""
    changes = changes_of(recipe, old, new)
    causes = [change for change in changes if change.matters]
    if moved:
        causes = [change for change in causes if _can_have(change, recipe, old, new)]
    why = _unexplained(recipe, old, new, moved=bool(moved), caused=bool(causes))
    verdict: Verdict = (
        "unexplained" if why else "explained" if moved else "unmoved" if causes else "unchanged"
    )
    accuracy = new.metrics[recipe].get("test.accuracy")
    first = _first_stage(recipe, causes or changes)
    return RecipeTrace(recipe, verdict, why, moved, changes, first, causes, accuracy)


def _unexplained(recipe: str, old: Snapshot, new: Snapshot, *, moved: bool, caused: bool) -> str:
    """Why a recipe's numbers cannot be put down to a change; empty where they can."""
    edited = [
        str(side.revision) for side in (old, new) if recipe in side.edited or (moved and side.some_edited)
    ]
    if edited and (moved or recipe in new.edited):
        again = f"dvc repro --force measure@{recipe}"
        return f"the metrics at {' and '.join(edited)} are not those that the run wrote; run: {again}"
    if not moved or caused:
        return ""
    if on_record(recipe, old, new):
        return "metrics moved, although no recorded input changed"
    return "metrics moved, and there is no record of what they were made from"


def _one_sided(recipe: str, old: Snapshot, new: Snapshot) -> RecipeTrace:
    """A recipe that only one revision has metrics of."""
    verdict: Verdict = "added" if recipe in new.metrics else "removed"
    why = ""
    if recipe in new.edited:
        why = "the recipe is new, and its metrics are not those that its run wrote"
    elif verdict == "removed" and train_stage(recipe) in stages_of_today(new):
        why = f"{new.revision} has the model, but no metrics of it; run: dvc repro measure@{recipe}"
    if why:
        verdict = "unexplained"
    accuracy = (new if recipe in new.metrics else old).metrics[recipe].get("test.accuracy")
    return RecipeTrace(recipe, verdict, why, [], [], None, [], accuracy)


def _can_have(change: Change, recipe: str, old: Snapshot, new: Snapshot) -> bool:
    """Whether a change is on the side of the predictions on which the numbers began to differ."""
    old_provenance, new_provenance = old.provenance.get(recipe), new.provenance.get(recipe)
    if old_provenance is None or new_provenance is None:
        return True
    return (change.stage == measure_stage(recipe)) == (old_provenance.measured == new_provenance.measured)


def _first_stage(recipe: str, changes: list[Change]) -> str | None:
    differing = {change.stage for change in changes}
    return next((stage for stage in chain_of(recipe) if stage in differing), None)


def _blind_spots(recipes: list[str], snapshot: Snapshot) -> Iterator[str]:
    """What a revision has no record of."""
    stages = [*DATA_STAGES, *map(train_stage, recipes), *map(measure_stage, recipes)]
    lost = [] if snapshot.stages is None else [stage for stage in stages if snapshot.stage(stage) is None]
    if lost:
        yield (
            f"dvc.lock of {snapshot.revision}: expected the stages {', '.join(lost)}, found no entry; is the "
            "file cut short? run: git checkout dvc.lock, or dvc repro"
        )
    without = [recipe for recipe in recipes if recipe not in snapshot.provenance]
    if without and not snapshot.problems:
        yield (
            f"reports/provenance of {snapshot.revision}: expected the recipes {', '.join(without)}, found no "
            "files of them, so their libraries and devices cannot be compared"
        )


def _examples(old: Snapshot, new: Snapshot, problems: list[str]) -> ExampleChanges | None:
    if old.stage("split") is None or new.stage("split") is None or not split_changed(old, new):
        return None
    try:
        examples = compare_examples(old, new)
    except DataError as error:
        problems.append(f"the examples cannot be compared: {error}")
        return None
    return examples if examples.any else None


def _counts(old: Snapshot, new: Snapshot) -> list[str]:
    old_counts, new_counts = old.example_counts(), new.example_counts()
    return [
        f"{name}: {old_counts.get(name, 0)} -> {new_counts.get(name, 0)}"
        for name in {**old_counts, **new_counts}
        if old_counts.get(name, 0) != new_counts.get(name, 0)
    ]
