"""The diseases of a training that went wrong: `leaking`, `unstable`, `dead`.

Arrives: the symptoms of one result. Leaves: a `Finding`, its numbers and a sentence, or None where
the disease does not apply. `pawtrace.diagnosis.diagnosis` asks in order; params.yaml gives the
reason of each threshold.
"""

from pawtrace.diagnosis.facts import Finding, Numbers, Symptoms
from pawtrace.results.number_words import decimal, percent, plural


def leaking(found: Symptoms) -> Finding | None:
    """Test examples that training has seen make the test accuracy too good."""
    test, seen = found.result.predictions["test"], found.seen_in_training
    share = len(seen) / found.test.num_examples
    if not seen or share < found.thresholds.leaking_share:
        return None
    right = test.predicted == test.labels
    on_seen = [bool(is_right) for id, is_right in zip(test.ids, right, strict=True) if id in seen]
    on_others = [bool(is_right) for id, is_right in zip(test.ids, right, strict=True) if id not in seen]
    numbers: Numbers = {
        "num_seen_in_training": len(seen),
        "share_seen_in_training": share,
        "accuracy_on_seen": sum(on_seen) / len(on_seen),
    }
    others = "; no other is left"
    if on_others:
        numbers["accuracy_on_others"] = sum(on_others) / len(on_others)
        others = f", and on {percent(sum(on_others) / len(on_others))} of the others"
    return Finding(
        numbers,
        f"The test accuracy cannot be trusted: of {found.test.num_examples:,} test pictures {len(seen):,} "
        f"({percent(share)}) look like a training picture, and it is right on "
        f"{percent(sum(on_seen) / len(on_seen))} of these{others}.",
    )


def unstable(found: Symptoms) -> Finding | None:
    """The steps are too large: the training loss jumps up, or is no finite number before it starts."""
    initial, probe = found.probes.initial_loss, found.probes.overfit
    if initial is None:
        return Finding({}, "The loss is not a finite number before training has even begun.")
    if probe.loss is None:
        return Finding(
            {"initial_loss": initial},
            f"The loss stops being a finite number within {plural(probe.num_steps, 'step')} on "
            f"{plural(probe.num_examples, 'picture')}.",
        )
    if found.train.accuracy >= found.thresholds.underfitting_accuracy:
        return None  # it has got over its jumps
    return _rise_at_the_start(found, initial) or _rise_later(found)


def _rise_at_the_start(found: Symptoms, initial: float) -> Finding | None:
    first, start = found.history.loss[0], max(initial, found.guessing_loss)
    if first - start <= found.thresholds.unstable_rise:
        return None
    return Finding(
        {"initial_loss": initial, "guessing_loss": found.guessing_loss, "first_epoch_loss": first},
        f"The first epoch's training loss is {decimal(first)}, far above the {decimal(initial)} before "
        f"training and the {decimal(found.guessing_loss)} of guessing: the first steps are too large.",
    )


def _rise_later(found: Symptoms) -> Finding | None:
    losses, epochs = found.history.loss, found.history.epoch
    rises = [(losses[n] - min(losses[:n]), n) for n in range(1, len(losses))]
    rise, worst = max(rises, default=(0.0, 0))
    if rise <= found.thresholds.unstable_rise:
        return None
    lowest = min(losses[:worst])
    return Finding(
        {"epoch": epochs[worst], "lowest_loss_before": lowest, "loss_after": losses[worst], "rise": rise},
        f"The training loss jumps: from {decimal(lowest)} it rises to {decimal(losses[worst])} in epoch "
        f"{epochs[worst]}; the steps are too large.",
    )  # fmt: skip


def dead(found: Symptoms) -> Finding | None:
    """It never leaves chance, on its own training data too, and has had the time or cannot learn at all."""
    if not found.is_flat_at_chance:
        return None
    if found.learns_by_heart and (found.labels_say_nothing or len(found.history.epoch) == 1):
        return None  # the labels are at fault, or it has hardly begun
    lowest, guessing = min(found.history.loss), found.guessing_loss
    probe = found.probes.overfit
    by_heart = f"{percent(probe.accuracy)}" if probe.accuracy is not None else "nothing finite"
    numbers: Numbers = {
        "lowest_training_loss": lowest,
        "guessing_loss": guessing,
        "train_accuracy": found.train.accuracy,
        "train_chance": found.train.chance,
    }
    if probe.accuracy is not None:
        numbers["overfit_probe_accuracy"] = probe.accuracy
    where, signal = _where_it_dies(found)
    return Finding(
        numbers | signal,
        f"It never leaves chance, on its own training pictures too: the training loss stays at "
        f"{decimal(lowest)} or more (guessing is {decimal(guessing)}); of "
        f"{plural(probe.num_examples, 'picture')} alone it learns {by_heart} in "
        f"{plural(probe.num_steps, 'step')}{where}.",
    )


def _where_it_dies(found: Symptoms) -> tuple[str, Numbers]:
    """Words and numbers for the block at which the signal dies, and for the smallest gradient."""
    numbers: Numbers = {}
    gradients = [block.gradient_rms for block in found.probes.blocks if block.gradient_rms is not None]
    if gradients:
        numbers["smallest_gradient_rms"] = min(gradients)
    dying = found.dying_signal
    if dying is None:
        return "", numbers
    numbers |= {
        "signal_dies_at": dying.block.name,
        "activation_std_there": dying.std,
        "largest_activation_std_before": dying.largest_std,
    }
    words = (
        f"; the signal dies at {dying.block.name}, where activations spread by {decimal(dying.std)} "
        f"after {decimal(dying.largest_std)} before"
    )
    if dying.block.gradient_rms is not None:
        numbers["gradient_rms_there"] = dying.block.gradient_rms
        words += f" and gradients are {decimal(dying.block.gradient_rms)}"
    return words, numbers
