"""`underfitting`: not good on its own training pictures."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.diagnosis.scores import is_above, level_words
from pawtrace.results.number_words import percent


def rule(facts: Facts) -> Finding:
    """The model is not good on its own training pictures, and has stopped improving."""
    limit, level = facts.thresholds.underfitting_accuracy, facts.level(facts.train)
    cause = _cause(facts)
    why = {
        "penalty": " The penalties on its weights outweigh the classification loss.",
        "augmentation": " On augmented training pictures it is far worse: the augmentation is too strong.",
        "frozen": " The backbone is frozen, and its features allow no more.",
    }.get(cause, "")
    return Finding(
        level < limit,
        f"{level_words(is_unbalanced=facts.is_unbalanced)} on its own training pictures",
        percent(level),
        f"below {percent(limit)}",
        f"The model has stopped improving, with an accuracy of only {percent(facts.train.accuracy)} on its "
        f"own training pictures ({percent(facts.validation.accuracy)} on validation).{why}",
        {**facts.accuracies, "train_chance": facts.train.chance},
        cause,
    )


def _cause(facts: Facts) -> str:
    """What limits the model, the most specific cause first."""
    if facts.penalties_outweigh:
        return "penalty"
    augmented = facts.history.accuracy[facts.training.best_epoch - 1]
    number = facts.train.num_examples
    if facts.params.augmentation and is_above(
        facts.train.accuracy, number, min(1.0, augmented + 0.1), number
    ):
        return "augmentation"
    return "capacity" if facts.trains_backbone else "frozen"
