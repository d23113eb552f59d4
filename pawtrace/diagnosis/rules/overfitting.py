"""`overfitting`: good on the training pictures, clearly worse on new ones."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.diagnosis.scores import Score, difference_low, is_above
from pawtrace.results.number_words import percent, plural, points

_LARGE_HEAD = 100  # weights for each training picture
USUAL_GAP = 0.03  # of accuracy: healthy models lose about so much on new pictures, too (docs/log.md)


def rule(facts: Facts) -> Finding:
    """Good on the training pictures, measurably worse on new ones."""
    limit = facts.thresholds.overfitting_gap
    kept_gap, later_gap = facts.gap, _later_gap(facts)
    is_wide = kept_gap >= limit and is_unusual(facts.train, facts.unseen)
    applies = is_wide or later_gap >= limit
    shown = kept_gap if is_wide else max(kept_gap, later_gap)
    outcome = Finding(
        applies,
        "training accuracy minus accuracy on validation and test pictures, points",
        points(shown),
        f"at least {points(limit)}, and measurably more than {points(USUAL_GAP)}",
        cause=_cause(facts),
    )
    if not applies:
        return outcome
    opens = _gap_opens(facts)
    later = (
        ""
        if is_wide
        else f" In later epochs the accuracy in training rises to {percent(max(facts.history.accuracy))}, "
        f"but the validation accuracy does not follow; epoch {facts.training.best_epoch} was kept."
    )
    since = f"opens in epoch {opens}" if opens else f"is there in epoch {facts.training.best_epoch}"
    return outcome._replace(
        sentence=f"The model is clearly worse on new pictures than on its "
        f"{plural(facts.train.num_examples, 'training picture')}: accuracy {percent(facts.train.accuracy)} "
        f"on train, {percent(facts.unseen.accuracy)} on validation and test. The gap {since}.{later}",
        numbers={
            **facts.accuracies,
            "gap_to_new_pictures": facts.gap,
            "epoch_where_it_opens": opens or facts.training.best_epoch,
            "num_train_examples": facts.train.num_examples,
            "num_head_weights": facts.training.num_head_weights,
        },
    )


def is_unusual(train: Score, unseen: Score) -> bool:
    """Whether the gap between two scores is measurably wider than that of healthy models."""
    low = difference_low(train.accuracy, train.num_examples, unseen.accuracy, unseen.num_examples)
    return low > USUAL_GAP


def _later_gap(facts: Facts) -> float:
    """The gap of the epochs after the kept one, where the kept one is not good itself; 0 if there is none.

    The training accuracy is that of training mode with augmentation, which lowers it: a gap is real.
    """
    if facts.is_good:
        return 0.0
    accuracy, number = max(facts.history.accuracy), facts.train.num_examples
    val_accuracy = max(facts.history.val_accuracy)
    best_later = is_above(accuracy, number, val_accuracy, facts.validation.num_examples)
    still_open = facts.history.accuracy[-1] - facts.history.val_accuracy[-1]
    later_gap = min(still_open, accuracy - val_accuracy) if best_later else 0.0
    return later_gap - _lead_of_training_mode(facts)


def _lead_of_training_mode(facts: Facts) -> float:
    """How far the kept model is better in training mode, on the same pictures; 0 if it is not."""
    return max(0.0, facts.signals.kept.lead_of_training)


def _cause(facts: Facts) -> str:
    """What makes it overfit, the most specific first.

    A large head matters where the features below it are as good as the model; where the backbone learns
    its own from few pictures, it is these that need augmentation.
    """
    is_large = facts.training.num_head_weights > _LARGE_HEAD * facts.train.num_examples
    learns_features = facts.trains_backbone and facts.features_accuracy < facts.unseen.accuracy
    if learns_features and not facts.params.augmentation:
        return "no_augmentation"
    if facts.params.head.pooling == "flatten" and is_large:
        return "large_head"
    return "no_augmentation" if not facts.params.augmentation else "few_pictures"


def _gap_opens(facts: Facts) -> int | None:
    """The first epoch from which the gap stays to the end."""
    history, opens = facts.history, None
    rows = zip(history.epoch, history.accuracy, history.val_accuracy, strict=True)
    for epoch, accuracy, val_accuracy in reversed(list(rows)):
        if accuracy - val_accuracy < facts.thresholds.overfitting_gap:
            break
        opens = epoch
    return opens
