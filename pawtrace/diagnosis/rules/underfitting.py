"""`underfitting`: not good on its own training pictures."""

from pawtrace.diagnosis.facts import Facts, Finding
from pawtrace.results.number_words import percent


def rule(facts: Facts) -> Finding | None:
    """It is not good on its own training pictures."""
    if facts.train.accuracy >= facts.thresholds.underfitting_accuracy:
        return None
    return Finding(
        {**facts.accuracies, "train_chance": facts.train.chance},
        f"It is right on only {percent(facts.train.accuracy)} of its own training pictures, on "
        f"{percent(facts.validation.accuracy)} of the validation pictures, and has stopped improving.",
    )
