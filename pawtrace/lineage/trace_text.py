"""A trace as text for a terminal, as Markdown for a pull request, as JSON for programs.

Arrives: a `Trace`. Leaves: text. Long lists are cut and counted: a comment holds 65,536 characters.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pawtrace.evaluation.wording import percent, plural, points
from pawtrace.lineage.changes import Change
from pawtrace.lineage.movement import Movement
from pawtrace.lineage.trace import Attribution, RecipeTrace, Trace

_MAX_NAMES = 8
_MAX_CHANGES = 20  # a stage
_SAID = {
    "unexplained": "moved, UNEXPLAINED",
    "explained": "moved, explained",
    "unmoved": "inputs changed, metrics did not move",
    "unchanged": "nothing changed",
    "added": "new: nothing to compare with",
    "removed": "removed",
}
_OTHER_METRICS = ("test.log_loss", "test.roc_auc")  # shown beside accuracy; --json has all


def as_json(trace: Trace) -> str:
    """All of a trace."""
    return json.dumps({**_plain(trace), "unexplained": trace.unexplained}, indent=2)


def as_text(trace: Trace) -> str:
    """A trace for a terminal."""
    lines = [f"{trace.older} -> {trace.newer}: {conclusion(trace)}"]
    for recipe in trace.recipes:
        lines += ["", f"{recipe.recipe}: {verdict_line(recipe)}"]
        lines += [f"  {line}" for line in _moved_lines(recipe.moved)]
    for title, found in _sections(trace):
        lines += ["", title, *(f"  {line}" for line in found)]
    return "\n".join(lines)


def as_markdown(trace: Trace) -> str:
    """A trace for a pull request's comment."""
    lines = [f"### Metrics, `{trace.older}` -> `{trace.newer}`", "", f"**{conclusion(trace)}**", ""]
    lines += ["| recipe | test accuracy | on the same examples | why |", "|---|---|---|---|"]
    for recipe in trace.recipes:
        why = verdict_line(recipe).replace("|", "\\|")
        lines.append(f"| `{recipe.recipe}` | {_accuracy(recipe)} | {_noise(_accuracy_of(recipe))} | {why} |")
    for title, found in _sections(trace):
        lines += ["", f"<details open><summary>{title}</summary>", "", *(f"- {line}" for line in found)]
        lines += ["", "</details>"]
    return "\n".join(lines)


def conclusion(trace: Trace) -> str:
    """The trace in a sentence."""
    count = {verdict: sum(of.verdict == verdict for of in trace.recipes) for verdict in _SAID}
    parts = [f"{number} {_SAID[verdict]}" for verdict, number in count.items() if number]
    return f"{plural(len(trace.recipes), 'recipe')}: {'; '.join(parts)}"


def verdict_line(recipe: RecipeTrace) -> str:
    """What became of a recipe, and why."""
    said = _SAID[recipe.verdict]
    if recipe.verdict == "unexplained":
        why = (
            "its metrics are not those that its run wrote; run: dvc repro --force report"
            if recipe.edited
            else "no recorded input differs"
        )
        return f"{said}: {why}"
    if not recipe.causes:
        return said
    causes = _list(_cause(change) for change in recipe.causes)
    return f"{said} from {recipe.first_stage} on: {causes}" if recipe.first_stage else said


def _cause(change: Change) -> str:
    if change.kind in ("param", "environment"):
        return f"{change.what} {change.old} -> {change.new}"
    return change.what


def _accuracy_of(recipe: RecipeTrace) -> Movement | None:
    return next((of for of in recipe.moved if of.metric == "test.accuracy"), None)


def _accuracy(recipe: RecipeTrace) -> str:
    accuracy = _accuracy_of(recipe)
    return "as before" if accuracy is None else f"{_value(accuracy, 'old')} -> {_value(accuracy, 'new')}"


def _moved_lines(moved: Sequence[Movement]) -> Iterator[str]:
    shown = [of for of in moved if of.metric == "test.accuracy" or of.metric in _OTHER_METRICS]
    for of in shown:
        noise = _noise(of)
        yield f"{of.metric}: {_value(of, 'old')} -> {_value(of, 'new')}{'; ' if noise else ''}{noise}"
    rest = len(moved) - len(shown)
    if rest:
        yield f"... and {plural(rest, 'other metric')} (--json lists them)"


def _noise(of: Movement | None) -> str:
    """The paired difference, and whether chance alone can make one as large."""
    if of is None or of.paired is None:
        return ""
    said = "more than noise" if of.paired.more_than_noise else "no more than noise"
    numbers = (of.paired.difference, of.paired.low, of.paired.high)
    difference, low, high = map(points if of.metric == "test.accuracy" else "{:+.3f}".format, numbers)
    return f"{difference} ({low} to {high}) on {of.paired.num_examples:,} shared examples: {said}"


def _value(of: Movement, side: str) -> str:
    value, interval = getattr(of, side), getattr(of, f"{side}_interval")
    if value is None:
        return "none"
    shown = percent if of.metric.endswith("accuracy") else "{:.3f}".format
    bounds = "" if interval is None else f" ({shown(interval[0])} to {shown(interval[1])})"
    return shown(value) + bounds


def _sections(trace: Trace) -> Iterator[tuple[str, list[str]]]:
    changes = list(_change_lines(trace.recipes))
    if changes:
        yield "What changed, stage by stage", changes
    examples = [f"number of examples, {', '.join(trace.counts)}"] if trace.counts else []
    if trace.examples is not None:
        named = trace.examples._asdict().items()
        examples += [f"{len(names)} {what}: {_list(names)}" for what, names in named if names]
    if examples:
        yield "Examples", examples
    shares = [f"{of.recipe}: {_shares(of)}" for of in trace.attributions if of.shares]
    if shares:
        yield "How much each brought, test accuracy in points", shares
    if trace.pending:
        yield f"In {trace.newer}, but its metrics do not show it yet; run: dvc repro", trace.pending
    problems = [*trace.problems, *dict.fromkeys(said for of in trace.attributions for said in of.problems)]
    if problems:
        yield "Not to be had", problems


def _change_lines(recipes: Sequence[RecipeTrace]) -> Iterator[str]:
    """A line for each change; those of all recipes' training are said once."""
    of_stage: dict[str, dict[Change, list[str]]] = {}
    compared = [recipe for recipe in recipes if recipe.verdict not in ("added", "removed")]
    for recipe in compared:
        for change in recipe.changes:
            stage = change.stage.partition("@")[0]
            of_stage.setdefault(stage, {}).setdefault(change._replace(stage=stage), []).append(recipe.recipe)
    for stage, changes in of_stage.items():
        for change, concerned in list(changes.items())[:_MAX_CHANGES]:
            everywhere = stage != "train" or len(concerned) == len(compared) > 1
            yield f"{stage if everywhere else f'train@{_list(concerned)}'}: {_change_line(change)}"
        if len(changes) > _MAX_CHANGES:
            yield f"{stage}: and {len(changes) - _MAX_CHANGES} more changes (--json lists them)"


def _change_line(change: Change) -> str:
    line = f"{change.kind} {change.what}: {change.old} -> {change.new}"
    if change.commits:
        line += f" ({_list(change.commits)})"
    return line if change.matters else f"{line} [without effect on what follows]"


def _shares(attribution: Attribution) -> str:
    steps = [f"{of.group} {points(of.new - of.old)}" for of in attribution.shares]
    first, last = attribution.shares[0].old, attribution.shares[-1].new
    return f"{percent(first)} -> {percent(last)}: {', '.join(steps)}"


def _list(items: Iterable[str]) -> str:
    every = list(items)
    more = f" and {len(every) - _MAX_NAMES} more" if len(every) > _MAX_NAMES else ""
    return ", ".join(every[:_MAX_NAMES]) + more


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(of) for name, of in value._asdict().items()}
    return [_plain(of) for of in value] if isinstance(value, list | tuple) else value
