"""A trace as text for a terminal, as Markdown for a pull request, as JSON for programs.

Arrives: a `Trace`. Leaves: text. Long lists are cut and counted: a comment holds 65,536 characters.
"""

import html
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pawtrace.base.stored_numbers import NUM_DIGITS
from pawtrace.lineage.trace.input_changes import Change
from pawtrace.lineage.trace.movement import Movement
from pawtrace.lineage.trace.trace import Attribution, RecipeTrace, Trace
from pawtrace.results.number_words import percent, plural, points

_MAX_NAMES = 8
_MAX_LINES = 20  # of a section
_MAX_VALUE = 60  # characters
_MAX_VALUES = 3  # in the line of a recipe
_MAX_COMMENT = 65_000
_COUNTED = {  # after a number of recipes
    "unexplained": "with UNEXPLAINED changes",
    "explained": "with explained changes",
    "unmoved": "with changed inputs and the same metrics",
    "unchanged": "unchanged",
    "added": "new",
    "removed": "removed",
}
_SAID = {  # of one recipe, before the reason or the causes
    "unexplained": "UNEXPLAINED:",
    "explained": "metrics differ because of",
    "unmoved": "inputs changed, metrics did not move:",
    "unchanged": "nothing changed",
    "added": "new recipe, nothing to compare it with",
    "removed": "removed recipe",
}
_OTHER_METRICS = ("gap", "test.log_loss", "test.roc_auc")  # shown beside accuracy; --json has all


def as_json(trace: Trace) -> str:
    """All of a trace."""
    return json.dumps({**_plain(trace), "unexplained": trace.unexplained}, indent=2, allow_nan=False)


def as_text(trace: Trace) -> str:
    """A trace for a terminal."""
    lines = [f"{trace.older} -> {trace.newer}: {conclusion(trace)}"]
    for recipe in trace.recipes:
        # Many values are read more easily in the section below.
        named = verdict_line(recipe, brief=len(recipe.causes) > _MAX_VALUES)
        lines += ["", f"{recipe.recipe}: {named}"]
        lines += [f"  {line}" for line in _moved_lines(recipe)]
    for title, section in _sections(trace):
        lines += ["", title, *(f"  {line}" for line in section)]
    return "\n".join(lines)


def as_markdown(trace: Trace) -> str:
    """A trace for a pull request's comment."""
    lines = [f"### Metrics, {_escaped(trace.older)} -> {_escaped(trace.newer)}", ""]
    lines += [f"**{_escaped(conclusion(trace))}**", ""]
    lines += ["| recipe | test accuracy | on the same examples | why |", "|---|---|---|---|"]
    for recipe in trace.recipes:
        noise, why = _noise(_accuracy_of(recipe)), verdict_line(recipe, brief=True)
        cells = (recipe.recipe, _accuracy(recipe), noise, why)
        lines.append(f"| {' | '.join(map(_escaped, cells))} |")
    for title, section in _sections(trace):
        lines += ["", f"<details open><summary>{_escaped(title)}</summary>", ""]
        lines += [*(f"- {_escaped(line)}" for line in section), "", "</details>"]
    whole = "\n".join(lines)
    if len(whole) <= _MAX_COMMENT:
        return whole
    cut = whole[:_MAX_COMMENT].rsplit("\n", 1)[0]
    is_open = cut.count("<details") > cut.count("</details>")
    return cut + ("\n\n</details>" if is_open else "") + "\n\nCut here; `--json` has all of it."


def conclusion(trace: Trace) -> str:
    """The trace in a sentence."""
    if len(trace.recipes) == 1:
        return f"1 recipe, {_COUNTED[trace.recipes[0].verdict]}"
    count = {verdict: sum(recipe.verdict == verdict for recipe in trace.recipes) for verdict in _COUNTED}
    parts = [f"{number} {_COUNTED[verdict]}" for verdict, number in count.items() if number]
    return f"{plural(len(trace.recipes), 'recipe')}: {', '.join(parts)}"


def verdict_line(recipe: RecipeTrace, *, brief: bool = False) -> str:
    """What happened to a recipe, and why; if brief, without the values of params."""
    verdict = _SAID[recipe.verdict]
    if recipe.why or not recipe.causes:
        return f"{verdict} {recipe.why}".rstrip()
    kinds = {change.what if brief else _cause(change): change.kind for change in recipe.causes}
    environment = [words for words, kind in kinds.items() if kind == "environment"]
    others = [words for words in kinds if words not in environment]
    said = [_list(others)] if others else []
    if environment:
        said.append(f"computing environment ({_list(environment)})")
    return f"{verdict} {'; '.join(said)} (from stage {recipe.first_stage} on)"


def _cause(change: Change) -> str:
    if change.kind in ("param", "environment"):
        return f"{change.what} {_short(change.old)} -> {_short(change.new)}"
    return change.what


def _accuracy_of(recipe: RecipeTrace) -> Movement | None:
    return next((movement for movement in recipe.moved if movement.metric == "test.accuracy"), None)


def _accuracy(recipe: RecipeTrace) -> str:
    accuracy = _accuracy_of(recipe)
    if accuracy is None:
        return "none" if recipe.accuracy is None else f"{percent(recipe.accuracy)}, as before"
    return f"{_value(accuracy, 'old')} -> {_value(accuracy, 'new')}"


def _moved_lines(recipe: RecipeTrace) -> Iterator[str]:
    if not recipe.moved:
        return
    if _accuracy_of(recipe) is None:
        yield f"test.accuracy: {_accuracy(recipe)}"
    shown = [movement for movement in recipe.moved if movement.metric in ("test.accuracy", *_OTHER_METRICS)]
    for movement in shown:
        noise = _noise(movement)
        old, new = _value(movement, "old"), _value(movement, "new")
        if old == new:  # to the digits that are shown otherwise
            old, new = f"{movement.old:.{NUM_DIGITS}g}", f"{movement.new:.{NUM_DIGITS}g}"
        yield f"{movement.metric}: {old} -> {new}"
        if noise:
            yield f"  {noise}"
    if num_others := len(recipe.moved) - len(shown):
        yield f"... and {plural(num_others, 'other metric')} (--json lists them)"


def _noise(movement: Movement | None) -> str:
    """The paired difference, and whether chance alone can make one as large."""
    if movement is None or movement.paired is None:
        return ""
    paired = movement.paired
    judgement = "more than noise" if paired.more_than_noise else "no more than noise"
    if paired.within_seeds:
        judgement += ", other seeds differ as much"
    elif paired.p_value is not None:
        judgement += f" (p {paired.p_value:.2g})"
    shown, unit = (points, " points") if movement.metric == "test.accuracy" else (_signed, "")
    difference, low, high = map(shown, (paired.difference, paired.low, paired.high))
    on_shared = f"on {plural(paired.num_examples, 'shared test example')}: {judgement}"
    if rest := movement.from_other_examples:
        on_shared += f"; {points(rest)} points by added, removed or relabelled test examples"
    return f"{difference}{unit} ({low} to {high}) {on_shared}"


def _signed(value: float) -> str:
    return f"{round(value, 3) + 0.0:+.3f}" if round(value, 3) else "0.000"


def _value(movement: Movement, side: str) -> str:
    value, interval = getattr(movement, side), getattr(movement, f"{side}_interval")
    if value is None:
        return "none"
    if movement.metric == "gap":
        return f"{points(value)} points"
    shown = percent if movement.metric == "test.accuracy" else "{:.3f}".format
    bounds = "" if interval is None else f" ({shown(interval[0])} to {shown(interval[1])})"
    return shown(value) + bounds


def _sections(trace: Trace) -> Iterator[tuple[str, list[str]]]:
    if changes := list(_change_lines(trace.recipes)):
        yield "What changed, stage by stage", changes
    examples = [f"number of examples: {', '.join(trace.counts)}"] if trace.counts else []
    if trace.examples is not None:
        named = trace.examples._asdict().items()
        examples += [f"{len(names)} {change}: {_list(names)}" for change, names in named if names]
    if examples:
        yield "Examples", examples
    shares = [f"{recipe.recipe}: {_shares(recipe)}" for recipe in trace.attributions if recipe.shares]
    if shares:
        yield "Effect of each group of changes on test accuracy, in points", shares
    if trace.pending:
        yield f"Edits in {trace.newer} that have not run yet; run: dvc repro", _cut(trace.pending)
    attribution_problems = (problem for recipe in trace.attributions for problem in recipe.problems)
    problems = [*trace.problems, *dict.fromkeys(attribution_problems)]
    if problems:
        yield "Could not be read", _cut(problems)


def _change_lines(recipes: Sequence[RecipeTrace]) -> Iterator[str]:
    """A line for each change, those of all recipes' training said once; then what cannot matter."""
    compared = [recipe for recipe in recipes if recipe.verdict not in ("added", "removed")]
    stages: dict[str, dict[Change, list[str]]] = {}
    for recipe in compared:
        for change in recipe.changes:
            stage = change.stage.partition("@")[0]
            stages.setdefault(stage, {}).setdefault(change._replace(stage=stage), []).append(recipe.recipe)
    idle = []
    for stage, changes in stages.items():
        lines = []
        for change, concerned in changes.items():
            if change.matters:
                everywhere = stage != "train" or len(concerned) == len(compared)
                place = stage if everywhere else f"train@{_list(concerned)}"
                lines.append(f"{place}: {_change_line(change)}")
        yield from _cut(lines)
        if ineffective := dict.fromkeys(change.what for change in changes if not change.matters):
            why = "changed as well, without effect" if lines else "changed, but its output is the same"
            idle.append(f"{stage}: {why}: {_list(ineffective)}")
    yield from idle


def _change_line(change: Change) -> str:
    line = f"{change.kind} {change.what}: {_short(change.old)} -> {_short(change.new)}"
    return f"{line} ({_list(map(_short, change.commits))})" if change.commits else line


def _cut(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MAX_LINES
    return [*lines[:_MAX_LINES], *([f"... and {more} more (--json lists them)"] if more > 0 else [])]


def _short(value: str) -> str:
    return value if len(value) <= _MAX_VALUE else f"{value[: _MAX_VALUE - 3]}..."


def _escaped(text: str) -> str:
    """Text that Markdown, in a table too, shows as it is, and that calls nobody."""
    for character in "\\`*_{}[]#|~@":
        text = text.replace(character, f"&#{ord(character)};" if character in "|@`" else f"\\{character}")
    return " ".join(html.escape(text, quote=False).replace("&amp;#", "&#").split())


def _shares(attribution: Attribution) -> str:
    steps = [f"{share.group} {points(share.new - share.old)}" for share in attribution.shares]
    first, last = attribution.shares[0].old, attribution.shares[-1].new
    return f"{percent(first)} -> {percent(last)}: {', '.join(steps)}"


def _list(items: Iterable[str]) -> str:
    every = list(items)
    more = f" and {len(every) - _MAX_NAMES} more (--json lists them)" if len(every) > _MAX_NAMES else ""
    return ", ".join(every[:_MAX_NAMES]) + more


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
