"""`healthy`: no other verdict applies."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.results.number_words import percent


def rule(facts: Facts) -> Finding:
    """None of the others."""
    return Finding(
        True,
        "accuracy on test pictures",
        percent(facts.test.accuracy),
        "no other verdict applies",
        f"The model learns, and does as well on new pictures: accuracy {percent(facts.train.accuracy)} on "
        f"train, {percent(facts.validation.accuracy)} on validation, {percent(facts.test.accuracy)} on test.",
        {**facts.accuracies, "gap_to_new_pictures": facts.gap},
    )
