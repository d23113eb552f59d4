"""`unstable`: the training loss jumps and does not recover."""

from pawtrace.diagnosis.facts import Facts, Finding
from pawtrace.results.number_words import decimal, plural


def rule(facts: Facts) -> Finding | None:
    """The steps are too large: the training loss jumps up, or is no finite number before it starts."""
    initial, probe = facts.probes.initial_loss, facts.probes.overfit
    if initial is None:
        return Finding({}, "The loss is not a finite number before training has even begun.")
    if probe.loss is None:
        return Finding(
            {"initial_loss": initial},
            f"The loss stops being a finite number within {plural(probe.num_steps, 'step')} on "
            f"{plural(probe.num_examples, 'picture')}.",
        )
    if facts.train.accuracy >= facts.thresholds.underfitting_accuracy:
        return None  # it has got over its jumps
    return _rise_at_the_start(facts, initial) or _rise_later(facts)


def _rise_at_the_start(facts: Facts, initial: float) -> Finding | None:
    first, start = facts.history.loss[0], max(initial, facts.guessing_loss)
    if first - start <= facts.thresholds.unstable_rise:
        return None
    return Finding(
        {"initial_loss": initial, "guessing_loss": facts.guessing_loss, "first_epoch_loss": first},
        f"The first epoch's training loss is {decimal(first)}, far above the {decimal(initial)} before "
        f"training and the {decimal(facts.guessing_loss)} of guessing: the first steps are too large.",
    )


def _rise_later(facts: Facts) -> Finding | None:
    losses, epochs = facts.history.loss, facts.history.epoch
    rises = [(losses[n] - min(losses[:n]), n) for n in range(1, len(losses))]
    rise, worst = max(rises, default=(0.0, 0))
    if rise <= facts.thresholds.unstable_rise:
        return None
    lowest = min(losses[:worst])
    return Finding(
        {"epoch": epochs[worst], "lowest_loss_before": lowest, "loss_after": losses[worst], "rise": rise},
        f"The training loss jumps: from {decimal(lowest)} it rises to {decimal(losses[worst])} in epoch "
        f"{epochs[worst]}; the steps are too large.",
    )  # fmt: skip
