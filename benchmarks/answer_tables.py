"""Tables and the picture of docs/answer.md, from the kept figures of each recipe."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pawtrace.config.recipes import Claim
from pawtrace.evaluation.predictions import Predictions
from pawtrace.report.chart_style import BEHIND, WIDE_IN, as_svg, colour_of
from pawtrace.report.claims import ruling_of
from pawtrace.report.ladder_markdown import escaped, markdown_table
from pawtrace.results.number_words import percent, points
from pawtrace.results.paired import Comparison, compare_predictions, corrected

Figures = dict[str, Any]
_DOT_HEIGHT_IN = 0.21


def comparisons_of(kept: Mapping[str, Any]) -> dict[str, Comparison]:
    """Each recipe against the one that it builds on, on the same test pictures, all as one family."""
    recipes = kept["recipes"]
    pairs = {
        name: figures["builds_on"] for name, figures in recipes.items() if figures["builds_on"] in recipes
    }
    found = {name: _compared(kept, name, base) for name, base in pairs.items()}
    return dict(zip(found, corrected(list(found.values())), strict=True))


def recipes_table(kept: Mapping[str, Any]) -> str:
    """A row for each recipe."""
    comparisons = comparisons_of(kept)
    columns = {
        "recipe": False, "builds on": False, "what it changes": False, "test accuracy, %": True,
        "difference, points": False, "test log loss": True, "train - validation, points": True,
        "verdict": False, "training, minutes": True, "measured": False,
    }  # fmt: skip
    rows = (_recipe_row(name, figures, comparisons.get(name)) for name, figures in kept["recipes"].items())
    return markdown_table(list(columns), list(columns.values()), rows)


def claims_table(kept: Mapping[str, Any]) -> str:
    """A row for each claim of the article that a measured recipe tests."""
    comparisons, rows = comparisons_of(kept), []
    for name, figures in kept["recipes"].items():
        if figures["claim"] is not None:
            claim, comparison = Claim.model_validate(figures["claim"]), comparisons.get(name)
            against = "" if claim.holds_if == "overfits" else f" against `{figures['builds_on']}`"
            ruling = ruling_of(claim, comparison, figures["overfits"])
            rows.append(
                (escaped(claim.sentence), f"`{name}`{against}", _measured(claim, figures, comparison), ruling)
            )
    return markdown_table(["claim", "tested by", "measured", "result"], [False] * 4, rows)


@as_svg
def accuracy_chart(recipes: Mapping[str, Figures]) -> Figure:
    """The test accuracy of each recipe with its interval; healthy ones in colour."""
    figure = Figure(figsize=(WIDE_IN, 0.7 + _DOT_HEIGHT_IN * len(recipes)))
    axes = figure.subplots()
    for place, figures in enumerate(recipes.values()):
        colour = colour_of(0) if figures["verdict"] == "healthy" else BEHIND
        low, high = figures["interval"]
        axes.plot([100 * low, 100 * high], [place, place], color=colour)
        axes.plot(100 * figures["accuracy"]["test"], place, "o", color=colour, markersize=4)
        axes.annotate(
            f"{percent(figures['accuracy']['test'])}, {figures['verdict'].replace('_', ' ')}",
            (100.5, place), va="center", fontsize=8, color=colour, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(recipes)), list(recipes))
    axes.set(
        ylim=(len(recipes) - 0.5, -0.5),
        xlim=(45, 100),
        xlabel="correct on unseen photos, %, with 95 % interval",
    )
    return figure


def _recipe_row(name: str, figures: Figures, comparison: Comparison | None) -> tuple[str, ...]:
    accuracy, (low, high) = figures["accuracy"], figures["interval"]
    return (
        f"`{name}`",
        f"`{figures['builds_on']}`" if figures["builds_on"] else "",
        escaped(figures["change"]),
        f"{100 * accuracy['test']:.1f} ({100 * low:.1f} to {100 * high:.1f})",
        f"{comparison.words}: {comparison.verdict}" if comparison else "",
        f"{figures['log_loss']:.3f}",
        points(accuracy["train"] - accuracy["validation"]),
        figures["verdict"],
        f"{figures['minutes']:.1f}",
        figures["day"],
    )


def _compared(kept: Mapping[str, Any], name: str, base: str) -> Comparison:
    ours, theirs = (_predictions(kept["pictures"], kept["recipes"][each]["test"]) for each in (name, base))
    comparison = compare_predictions(ours, theirs)
    assert comparison is not None  # the same pictures
    return comparison


def _predictions(pictures: list[Any], right: str) -> Predictions:
    """Predictions that are right on the same pictures; how sure they were is not kept."""
    ids, labels, groups = pictures[0], np.array(pictures[1]), pictures[2]
    is_right = np.array([each == "1" for each in right])
    probabilities = np.where(is_right, labels, 1 - labels).astype(np.float64)
    return Predictions(ids, labels, probabilities, dict(zip(ids, groups, strict=True)))


def _measured(claim: Claim, figures: Figures, comparison: Comparison | None) -> str:
    if claim.holds_if != "overfits":
        return f"{comparison.words} points" if comparison else "not compared yet"
    train, validation = (percent(figures["accuracy"][split]) for split in ("train", "validation"))
    return f"verdict {figures['verdict']}; {train} on train, {validation} on validation"
