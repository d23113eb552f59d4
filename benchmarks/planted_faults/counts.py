"""Counts how often planted faults were recognised: recall, precision, confusions, cures, suspects."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.evaluation.intervals import wilson
from pawtrace.results.number_words import percent

Outcome = dict[str, Any]


def is_right(outcome: Outcome) -> bool:
    """Whether the verdict is one that is right for the case."""
    return outcome["verdict"] in outcome["right"]


def summary(outcomes: list[Outcome]) -> str:
    """All counts as Markdown; borderline severities count in their own line alone."""
    clear = [outcome for outcome in outcomes if outcome["severity"] != "borderline"]
    return (
        "\n".join(
            [*_totals(outcomes), "", *_by_verdict(clear), "", *_confusions(clear), "", *_suspects(outcomes)]
        )
        + "\n"
    )


def _totals(outcomes: list[Outcome]) -> list[str]:
    clear = [outcome for outcome in outcomes if outcome["severity"] != "borderline"]
    faults = [outcome for outcome in clear if outcome["right"][0] != "healthy"]
    healthy = [outcome for outcome in clear if outcome["right"][0] == "healthy"]
    borderline = [outcome for outcome in outcomes if outcome["severity"] == "borderline"]
    tried = [outcome for outcome in faults if "cure_worked" in outcome and is_right(outcome)]
    rows = [
        _row("clear and severe faults with the right verdict", faults, is_right),
        _row("healthy runs called healthy", healthy, is_right),
        _row("borderline faults with the right verdict", borderline, is_right),
        _row("first cures that raised the test accuracy measurably", tried, lambda each: each["cure_worked"]),
    ]
    return ["| | of | number | share, % (95 % interval) |", "|---|---:|---:|---|", *rows]


def _row(words: str, outcomes: list[Outcome], is_good: Callable[[Outcome], bool]) -> str:
    number = sum(map(is_good, outcomes))
    return f"| {words} | {len(outcomes)} | {number} | {_share(number, len(outcomes))} |"


def _by_verdict(clear: list[Outcome]) -> list[str]:
    lines = [
        "| verdict | planted | recognised | recall, % | named | of these right | precision, % |",
        "|---|---:|---:|---|---:|---:|---|",
    ]
    for name in VERDICTS:
        planted = [outcome for outcome in clear if outcome["right"][0] == name]
        recognised = sum(map(is_right, planted))
        named = [outcome for outcome in clear if outcome["verdict"] == name]
        right = sum(name in outcome["right"] for outcome in named)
        lines.append(
            f"| {name} | {len(planted)} | {recognised} | {_share(recognised, len(planted))} | {len(named)} | "
            f"{right} | {_share(right, len(named))} |"
        )
    return lines


def _confusions(clear: list[Outcome]) -> list[str]:
    wrong = [outcome for outcome in clear if not is_right(outcome)]
    confused = Counter((outcome["right"][0], outcome["verdict"]) for outcome in wrong)
    return [
        "| planted | called | cases |",
        "|---|---|---|",
        *(
            f"| {planted} | {called} | "
            + ", ".join(
                outcome["case"]
                for outcome in wrong
                if (outcome["right"][0], outcome["verdict"]) == (planted, called)
            )
            + " |"
            for planted, called in sorted(confused)
        ),
    ]


def _suspects(outcomes: list[Outcome]) -> list[str]:
    """Of flipped labels the share among the suspects; of the suspects the share with a flipped label."""
    lines = ["| flipped labels | suspects: recall, % | precision, % |", "|---|---|---|"]
    for outcome in outcomes:
        if "num_flipped" in outcome:
            found, flipped, suspects = (
                outcome[name] for name in ("num_flipped_suspects", "num_flipped", "num_suspects")
            )
            lines.append(f"| {outcome['case']} | {_share(found, flipped)} | {_share(found, suspects)} |")
    return lines


def _share(number: int, total: int) -> str:
    if total == 0:
        return "-"
    low, high = wilson(number, total)
    return f"{percent(number / total).removesuffix(' %')} ({100 * low:.0f} to {100 * high:.0f})"
