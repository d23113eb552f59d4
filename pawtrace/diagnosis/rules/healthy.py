"""`healthy`: no other verdict applies."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.results.number_words import percent


def rule(facts: Facts) -> Finding:
    """None of the others."""
    # A wide gap is no overfitting if so few new pictures may show it by chance.
    limit = facts.thresholds.overfitting_gap
    apart = max(facts.gap, facts.train.accuracy - facts.validation.accuracy) >= limit
    so = "is not measurably worse" if apart else "does about as well"
    return Finding(
        True,
        "accuracy on test pictures",
        percent(facts.test.accuracy),
        "no other verdict applies",
        f"The model learns, and {so} on new pictures: accuracy {percent(facts.train.accuracy)} on "
        f"train, {percent(facts.validation.accuracy)} on validation, {percent(facts.test.accuracy)} on test.",
        {**facts.accuracies, "gap_to_new_pictures": facts.gap},
    )
