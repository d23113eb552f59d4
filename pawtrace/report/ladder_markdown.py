"""The ladder as Markdown: the answer, a row for each rung, the article's claims.

Arrives: rungs and judgements. Leaves: the text of `reports/ladder.md`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pawtrace.report.claims import Judgement
from pawtrace.report.ladder import Rung
from pawtrace.report.reason import answer
from pawtrace.results.number_words import plural, points


class Column(NamedTuple):
    """A column of the ladder: its title, whether it holds numbers, and what a rung shows there."""

    title: str
    is_number: bool
    show: Callable[[Rung], str]


def difference_words(rung: Rung) -> str:
    """The difference to the rung below in points, and what it means; empty for the baseline."""
    if rung.builds_on is None:
        return ""
    comparison = rung.comparison
    if comparison is None:
        return f"{rung.builds_on}: measured on other test pictures"
    seeds = comparison.num_seeds
    means = f" (means of {seeds[0]} and {plural(seeds[1], 'seed')})" if seeds else ""
    reason = f" (as one of {comparison.tie_among} comparisons)" if comparison.tie_among else ""
    return f"{comparison.words} to {rung.builds_on}{means}: {comparison.verdict}{reason}"


def comparison_sentences(rungs: list[Rung]) -> list[str]:
    """How better and worse are told from a tie."""
    comparisons = [rung.comparison for rung in rungs if rung.comparison is not None]
    sentences = [
        "Recipes are compared picture by picture, where duplicates count as one picture: “better” and "
        "“worse” mean that McNemar's exact test finds a difference at the 5 % level, “tie” that it may be "
        "chance."
    ]
    if any(comparison.num_seeds for comparison in comparisons):
        sentences.append(
            "Recipes with several seeds are compared by the mean of their seeds (Welch's t-test)."
        )
    if len(comparisons) > 1:
        sentences.append(
            f"The ladder makes {len(comparisons)} such comparisons; they are corrected for that by Holm's "
            "method: the chance that even one “better” or “worse” is wrong is at most 5 %."
        )
    return sentences


def seeds_words(rung: Rung) -> str:
    """Mean and range over the seeds; empty where there is one."""
    if rung.seeds is None:
        return ""
    mean, low, high = (f"{100 * share:.1f}" for share in rung.seeds)
    return f"{len(rung.result.test_accuracies)} seeds: mean {mean}, {low} to {high}"


def _minutes(value: float) -> str:
    return f"{value:.1f}" if value >= 0.095 else f"{value:.2g}"


COLUMNS = (
    Column("recipe", False, lambda rung: f"`{rung.recipe}`"),
    Column("what it changes", False, lambda rung: escaped(rung.change)),
    Column("test accuracy, %", True, lambda rung: _accuracy(rung)),
    Column("95 % interval", True, lambda rung: " to ".join(f"{100 * end:.1f}" for end in rung.test_interval)),
    Column("difference to what it builds on, points", False, difference_words),
    Column("train minus validation, points", True, lambda rung: points(rung.gap)),
    Column("verdict", False, lambda rung: f"**{rung.verdict.words}**"),
    Column("minutes of training", True, lambda rung: _minutes(rung.minutes)),
    Column("images/s", True, lambda rung: f"{rung.result.training.images_per_s:.0f}"),
    Column("input wait, %", True, lambda rung: f"{100 * rung.result.training.waiting_share:.0f}"),
)


def ladder_markdown(rungs: list[Rung], judgements: list[Judgement]) -> str:
    """The text of ladder.md."""
    ladder = markdown_table(
        [column.title for column in COLUMNS],
        [column.is_number for column in COLUMNS],
        ([column.show(rung) for column in COLUMNS] for rung in rungs),
    )
    claims = markdown_table(
        ["the article's claim", "tested by", "measured here", "result"],
        [False] * len(Judgement._fields),
        ([*map(escaped, judgement[:-1]), f"**{judgement.ruling}**"] for judgement in judgements),
    )
    return (
        f"# The ladder\n\n{' '.join(map(escaped, answer(rungs)))}\n\n{ladder}\n\n"
        "Accuracies are shares of examples, unaugmented or averaged over evaluate.tta_views; their intervals "
        f"are Wilson's. {' '.join(comparison_sentences(rungs))} The interval of a difference is Agresti and "
        "Min's, over seeds Welch's, for this comparison alone. Input wait is the share of "
        "training time spent waiting for input. Everything else about a recipe: `reports/metrics/`, "
        "`reports/diagnosis/`, `reports/report.html`.\n\n"
        f"## What the article claims\n\n{claims}\n"
    )


def escaped(text: str) -> str:
    """Text as a cell of a Markdown table, on one line."""
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())


def markdown_table(titles: Sequence[str], are_numbers: Sequence[bool], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; numbers are aligned to the right.

    Args:
      titles: of the columns.
      are_numbers: whether each column holds numbers.
      rows: cells, `escaped` where they may hold anything.
    """
    rules = ["---:" if is_number else "---" for is_number in are_numbers]
    return "\n".join(f"| {' | '.join(row)} |" for row in [titles, rules, *rows])


def _accuracy(rung: Rung) -> str:
    seeds = seeds_words(rung)
    return f"**{100 * rung.test_accuracy:.1f}**{f' ({seeds})' if seeds else ''}"
