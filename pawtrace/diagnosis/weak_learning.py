"""The diseases of a training that went through: too little learned, too little that is general.

Arrives: the symptoms of one result. Leaves: a `Finding`, its numbers and a sentence, or None where
the disease does not apply. `pawtrace.diagnosis.diagnosis` asks in order; params.yaml gives the
reason of each threshold.
"""

from pawtrace.diagnosis.facts import Finding, Numbers, Symptoms
from pawtrace.results.number_words import decimal, percent, plural


def label_noise(found: Symptoms) -> Finding | None:
    """The labels have nothing to do with the pictures, or a share of them is wrong."""
    return _labels_at_random(found) or _some_labels_wrong(found)


def _labels_at_random(found: Symptoms) -> Finding | None:
    train = found.train
    can_learn = found.learns_by_heart or not train.at_chance
    if not (found.labels_say_nothing and can_learn):
        return None
    baseline = found.probes.baseline
    baseline_accuracy = baseline.num_right / baseline.num_examples
    return Finding(
        {
            **_accuracies(found),
            "num_train_examples": train.num_examples,
            "baseline_accuracy": baseline_accuracy,
        },
        f"The network can learn ({_by_heart(found)}), yet from "
        f"{plural(train.num_examples, 'training picture')} it learns nothing that holds for others "
        f"({percent(found.unseen.accuracy)} right on new ones), and a linear classifier on edges finds "
        f"nothing either ({percent(baseline_accuracy)}): the labels seem to have nothing to do with the "
        f"pictures.",
    )


def _some_labels_wrong(found: Symptoms) -> Finding | None:
    num_sure = len(found.confident_errors("train")), len(found.confident_errors("validation", "test"))
    on_train, on_unseen = num_sure[0] / found.train.num_examples, num_sure[1] / found.unseen.num_examples
    better_than_chance = not found.train.at_chance and not found.unseen.at_chance
    # A network that is merely weak errs mostly where it is unsure.
    mostly_sure = 2 * num_sure[0] >= found.train.num_errors and 2 * num_sure[1] >= found.unseen.num_errors
    if not (better_than_chance and mostly_sure) or min(on_train, on_unseen) < found.thresholds.noise_share:
        return None
    return Finding(
        {
            **_accuracies(found),
            "confident_error_share_train": on_train,
            "confident_error_share_others": on_unseen,
        },
        f"It is right on {percent(found.unseen.accuracy)} of new pictures, yet sure of the other label for "
        f"{percent(on_train)} of the training pictures and {percent(on_unseen)} of the others: "
        f"labels may be wrong.",
    )


def overfitting(found: Symptoms) -> Finding | None:
    """What it learned of its training pictures does not hold for others."""
    is_wide = found.gap >= found.thresholds.overfitting_gap
    is_measurable = found.train.interval[0] > found.unseen.interval[1]
    by_heart = _few_learned_by_heart(found)
    if not (is_wide and is_measurable) and by_heart is None:
        return None
    opens = _gap_opens(found)
    since = f"in epoch {found.training.best_epoch}, the one that was kept"
    learned = f", and {percent(by_heart)} of them while training" if by_heart is not None else ""
    return Finding(
        {
            **_accuracies(found),
            "gap": found.gap,
            "epoch_where_it_opens": opens or found.training.best_epoch,
            "num_train_examples": found.train.num_examples,
        },
        f"What it learned from {plural(found.train.num_examples, 'training picture')} does not hold for "
        f"others: {percent(found.train.accuracy)} right on train{learned}, "
        f"{percent(found.validation.accuracy)} on validation, a gap of {100 * found.gap:.1f} points "
        f"{f'that opens in epoch {opens}' if opens else since}.",
    )


def _few_learned_by_heart(found: Symptoms) -> float | None:
    """The best training accuracy, where it is above chance on few pictures and nothing is general."""
    train = found.train
    if train.num_examples >= found.thresholds.noise_min_examples or not found.validation.at_chance:
        return None
    # The kept epoch may be an early one: what was learned by heart later on counts too.
    best = max(train.accuracy, *found.history.accuracy)
    above = not train._replace(num_right=round(best * train.num_examples)).at_chance
    return best if above else None


def _gap_opens(found: Symptoms) -> int | None:
    """The first epoch from which the gap stays to the end."""
    history, opens = found.history, None
    rows = zip(history.epoch, history.accuracy, history.val_accuracy, strict=True)
    for epoch, accuracy, val_accuracy in reversed(list(rows)):
        if accuracy - val_accuracy < found.thresholds.overfitting_gap:
            break
        opens = epoch
    return opens


def undertrained(found: Symptoms) -> Finding | None:
    """It was still improving when its epochs were over, or has not begun though it could."""
    return _still_improving(found) or _not_begun(found)


def _still_improving(found: Symptoms) -> Finding | None:
    history, num_epochs = found.history, len(found.history.epoch)
    num_last = max(1, num_epochs // 5)
    if num_epochs > 1:
        before, after = min(history.val_loss[:-num_last]), min(history.val_loss[-num_last:])
    else:  # the training loss counts too: one epoch may be too short for BatchNorm's averages
        initial = found.probes.initial_loss
        before = found.guessing_loss if initial is None else initial
        after = min(history.loss[0], history.val_loss[0])
    if found.stopped_early or before - after <= found.thresholds.undertrained_improvement:
        return None
    return Finding(
        {
            **_accuracies(found),
            "lowest_loss_before": before,
            "lowest_loss_at_the_end": after,
            "num_last_epochs": num_last,
            "num_epochs": num_epochs,
        },
        f"It was still improving when its {plural(num_epochs, 'epoch')} {_was(num_epochs)} over: "
        f"the lowest {'validation loss' if num_epochs > 1 else 'loss'} went from {decimal(before)} to "
        f"{decimal(after)} in the last {plural(num_last, 'epoch')}.",
    )


def _not_begun(found: Symptoms) -> Finding | None:
    if not (found.train.at_chance and found.learns_by_heart):
        return None
    num_epochs = found.training.num_epochs
    return Finding(
        {**_accuracies(found), "train_chance": found.train.chance, "num_epochs": num_epochs},
        f"After {plural(num_epochs, 'epoch')} it is still at chance on its own training pictures "
        f"({percent(found.train.accuracy)}), although it can learn ({_by_heart(found)}).",
    )


def underfitting(found: Symptoms) -> Finding | None:
    """It is not good on its own training pictures."""
    if found.train.accuracy >= found.thresholds.underfitting_accuracy:
        return None
    return Finding(
        {**_accuracies(found), "train_chance": found.train.chance},
        f"It is right on only {percent(found.train.accuracy)} of its own training pictures, on "
        f"{percent(found.validation.accuracy)} of the validation pictures, and has stopped improving.",
    )


def healthy(found: Symptoms) -> Finding:
    """None of the others."""
    return Finding(
        {**_accuracies(found), "gap": found.gap},
        f"It learns, and what it learned holds for others: {percent(found.train.accuracy)} right on train, "
        f"{percent(found.validation.accuracy)} on validation, {percent(found.test.accuracy)} on test.",
    )


def _accuracies(found: Symptoms) -> Numbers:
    scores = {"train": found.train, "validation": found.validation, "test": found.test}
    return {f"{split}_accuracy": score.accuracy for split, score in scores.items()}


def _by_heart(found: Symptoms) -> str:
    probe = found.probes.overfit
    return f"{percent(probe.accuracy or 0.0)} of {plural(probe.num_examples, 'picture')} by heart"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
