"""`too_few`: so few training pictures that nothing general can be learned from them."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.diagnosis.scores import is_above
from pawtrace.results.number_words import percent, plural


def rule(facts: Facts) -> Finding:
    """There are few training pictures, and the model is not good, or measurably worse, on new ones."""
    number, limit = facts.train.num_examples, facts.thresholds.too_few_examples
    train, unseen = facts.train, facts.unseen
    gap = facts.level(train) - facts.level(unseen)
    is_worse = gap >= facts.thresholds.overfitting_gap and is_above(
        train.accuracy, number, unseen.accuracy, unseen.num_examples
    )
    outcome = Finding(
        number < limit and (is_worse or facts.level(unseen) < facts.thresholds.underfitting_accuracy),
        "number of training pictures, if the model is not good on new ones",
        f"{number:,}",
        f"fewer than {limit:,}",
    )
    return outcome._replace(
        sentence=f"{plural(number, 'training picture')} are too few to learn from: the accuracy is "
        f"{percent(train.accuracy)} on them, and {percent(unseen.accuracy)} on "
        f"{plural(unseen.num_examples, 'new picture')}.",
        numbers={**facts.accuracies, "num_train_examples": number},
    )
