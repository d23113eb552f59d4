"""The ladder: one rung for each recipe, in the order of params.yaml, as a table in Markdown.

Arrives: the results of all recipes. Leaves: `Rung` rows and the text of `reports/ladder.md`.
"""

from collections.abc import Callable
from typing import NamedTuple

from pawtrace.config.sections import LABELS
from pawtrace.evaluation.intervals import wilson
from pawtrace.evaluation.results import Result


class Rung(NamedTuple):
    """A recipe's place in the ladder. Accuracies and the gap are shares, 0..1."""

    recipe: str
    question: str
    test_accuracy: float
    test_accuracy_low: float
    test_accuracy_high: float
    validation_accuracy: float
    train_accuracy: float
    gap: float  # train - validation: what was learned by heart
    roc_auc: float
    log_loss: float
    best_epoch: int
    num_epochs: int
    minutes: float
    images_per_s: float
    reading: str


class Column(NamedTuple):
    """A column of the table: its title and what a rung shows there."""

    title: str
    show: Callable[[Rung], str]


COLUMNS = (
    Column("recipe", lambda rung: f"`{rung.recipe}`"),
    Column("question", lambda rung: _escaped(rung.question)),
    Column("test accuracy, %", lambda rung: f"**{_percent(rung.test_accuracy)}**"),
    Column(
        "95 % interval",
        lambda rung: f"{_percent(rung.test_accuracy_low)} to {_percent(rung.test_accuracy_high)}",
    ),
    Column("validation, %", lambda rung: _percent(rung.validation_accuracy)),
    Column("train, %", lambda rung: _percent(rung.train_accuracy)),
    Column("train - validation", lambda rung: f"{100 * rung.gap:+.1f}"),
    Column("ROC AUC", lambda rung: f"{rung.roc_auc:.3f}"),
    Column("log loss", lambda rung: f"{rung.log_loss:.3f}"),
    Column("best epoch", lambda rung: f"{rung.best_epoch} of {rung.num_epochs}"),
    Column("minutes", lambda rung: f"{rung.minutes:.1f}"),
    Column("images/s", lambda rung: f"{rung.images_per_s:.0f}"),
    Column("reading", lambda rung: _escaped(rung.reading)),
)
_NUM_TEXT_COLUMNS = 2  # the first ones and the last one; the others are numbers, set to the right


def rung_of(result: Result) -> Rung:
    """The rung of one recipe."""
    low, high = result.evaluation.intervals["accuracy"]
    train, validation = (result.metric(split, "accuracy") for split in ("train", "validation"))
    return Rung(
        recipe=result.name,
        question=result.question,
        test_accuracy=result.metric("test", "accuracy"),
        test_accuracy_low=low,
        test_accuracy_high=high,
        validation_accuracy=validation,
        train_accuracy=train,
        gap=train - validation,
        roc_auc=result.metric("test", "roc_auc"),
        log_loss=result.metric("test", "log_loss"),
        best_epoch=result.training.best_epoch,
        num_epochs=result.training.num_epochs,
        minutes=result.training.duration_s / 60,
        images_per_s=result.training.images_per_s,
        reading=_reading(result),
    )


def best_rung(rungs: list[Rung]) -> Rung:
    """The rung with the best validation accuracy; the earlier one of equals.

    Chosen on validation, so that its test accuracy, and the interval of that, are no winner's luck.
    """
    return max(rungs, key=lambda rung: rung.validation_accuracy)


def ladder_markdown(rungs: list[Rung]) -> str:
    """The text of ladder.md: a table with a row for each rung, and how to read it."""
    num_numbers = len(COLUMNS) - _NUM_TEXT_COLUMNS - 1
    rules = ["---"] * _NUM_TEXT_COLUMNS + ["---:"] * num_numbers + ["---"]
    rows = [[column.title for column in COLUMNS], rules]
    rows += [[column.show(rung) for column in COLUMNS] for rung in rungs]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return (
        f"# The ladder\n\n{table}\n\n"
        "Accuracies are shares of unaugmented examples; intervals are Wilson's, for other test examples "
        "of the same kind. Everything else about a recipe: `reports/metrics/`, `reports/report.html`.\n"
    )


def majority_share(result: Result, split: str) -> tuple[str, float]:
    """The most frequent label of a split, and the accuracy of always answering it."""
    counts = [sum(row) for row in result.evaluation.confusion[split]]
    most = max(range(len(LABELS)), key=lambda label: counts[label])
    return LABELS[most], counts[most] / sum(counts)


def _reading(result: Result) -> str:
    """What the intervals allow to say, with no threshold of ours."""
    if _guesses(result, "test"):
        label, share = majority_share(result, "test")
        said = f"not measurably better than always answering {label} ({_percent(share)} %)"
        return f"{said}, on its own training data too" if _guesses(result, "train") else said
    if _interval(result, "train")[0] > _interval(result, "test")[1]:
        points = 100 * (result.metric("train", "accuracy") - result.metric("test", "accuracy"))
        return f"{points:.1f} points better on its training data than on new pictures"
    return "learns, and is not measurably better on its training data than on new pictures"


def _guesses(result: Result, split: str) -> bool:
    """Whether the accuracy's interval reaches down to that of always giving the same answer."""
    return _interval(result, split)[0] <= majority_share(result, split)[1]


def _interval(result: Result, split: str) -> tuple[float, float]:
    rows = result.evaluation.confusion[split]
    return wilson(sum(rows[label][label] for label in range(len(LABELS))), sum(map(sum, rows)))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _escaped(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())
