"""`undertrained`: training ended too soon."""

from pawtrace.diagnosis.facts import Facts, Finding
from pawtrace.results.number_words import decimal, percent, plural


def rule(facts: Facts) -> Finding | None:
    """It was still improving when its epochs were over, or has not begun though it could."""
    return _still_improving(facts) or _not_begun(facts)


def _still_improving(facts: Facts) -> Finding | None:
    history, num_epochs = facts.history, len(facts.history.epoch)
    num_last = max(1, num_epochs // 5)
    if num_epochs > 1:
        loss_before, loss_at_end = min(history.val_loss[:-num_last]), min(history.val_loss[-num_last:])
    else:  # the training loss counts too: one epoch may be too short for BatchNorm's averages
        initial = facts.probes.initial_loss
        loss_before = facts.guessing_loss if initial is None else initial
        loss_at_end = min(history.loss[0], history.val_loss[0])
    if facts.stopped_early or loss_before - loss_at_end <= facts.thresholds.undertrained_improvement:
        return None
    return Finding(
        {
            **facts.accuracies,
            "lowest_loss_before": loss_before,
            "lowest_loss_at_the_end": loss_at_end,
            "num_last_epochs": num_last,
            "num_epochs": num_epochs,
        },
        f"It was still improving when its {plural(num_epochs, 'epoch')} {_was(num_epochs)} over: "
        f"the lowest {'validation loss' if num_epochs > 1 else 'loss'} went from {decimal(loss_before)} to "
        f"{decimal(loss_at_end)} in the last {plural(num_last, 'epoch')}.",
    )


def _not_begun(facts: Facts) -> Finding | None:
    if not (facts.train.at_chance and facts.learns_by_heart):
        return None
    num_epochs = facts.training.num_epochs
    return Finding(
        {**facts.accuracies, "train_chance": facts.train.chance, "num_epochs": num_epochs},
        f"After {plural(num_epochs, 'epoch')} it is still at chance on its own training pictures "
        f"({percent(facts.train.accuracy)}), although it can learn ({facts.by_heart_words}).",
    )


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
