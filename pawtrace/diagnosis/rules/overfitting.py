"""`overfitting`: good on the training pictures, clearly worse on new ones."""

from pawtrace.diagnosis.facts import Facts, Finding
from pawtrace.results.number_words import percent, plural


def rule(facts: Facts) -> Finding | None:
    """What it learned of its training pictures does not hold for others."""
    is_wide = facts.gap >= facts.thresholds.overfitting_gap
    is_measurable = facts.train.interval[0] > facts.unseen.interval[1]
    train_accuracy = _few_learned_by_heart(facts)
    if not (is_wide and is_measurable) and train_accuracy is None:
        return None
    opens = _gap_opens(facts)
    since = f"in epoch {facts.training.best_epoch}, the one that was kept"
    learned = f", and {percent(train_accuracy)} of them while training" if train_accuracy is not None else ""
    return Finding(
        {
            **facts.accuracies,
            "gap": facts.gap,
            "epoch_where_it_opens": opens or facts.training.best_epoch,
            "num_train_examples": facts.train.num_examples,
        },
        f"What it learned from {plural(facts.train.num_examples, 'training picture')} does not hold for "
        f"others: {percent(facts.train.accuracy)} right on train{learned}, "
        f"{percent(facts.validation.accuracy)} on validation, a gap of {100 * facts.gap:.1f} points "
        f"{f'that opens in epoch {opens}' if opens else since}.",
    )


def _few_learned_by_heart(facts: Facts) -> float | None:
    """The best training accuracy, where it is above chance on few pictures and nothing is general."""
    train = facts.train
    if train.num_examples >= facts.thresholds.noise_min_examples or not facts.validation.at_chance:
        return None
    # The kept epoch may be an early one: what was learned by heart later on counts too.
    best = max(train.accuracy, *facts.history.accuracy)
    above = not train._replace(num_right=round(best * train.num_examples)).at_chance
    return best if above else None


def _gap_opens(facts: Facts) -> int | None:
    """The first epoch from which the gap stays to the end."""
    history, opens = facts.history, None
    rows = zip(history.epoch, history.accuracy, history.val_accuracy, strict=True)
    for epoch, accuracy, val_accuracy in reversed(list(rows)):
        if accuracy - val_accuracy < facts.thresholds.overfitting_gap:
            break
        opens = epoch
    return opens
