"""`stalled`: the learning rate is so low that the loss hardly moves."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.results.number_words import decimal, percent

_FEW_STEPS = 150  # with fewer in all, a network has hardly begun
_LARGE_UPDATE = 1e-3  # of the weights in a step: Karpathy's rule of thumb for steps that are large enough


def rule(facts: Facts) -> Finding:
    """The loss hardly falls, and the learning rate is below those at which it would."""
    rates, limit = facts.probes.rate_range, facts.thresholds.stalled_fall
    start, lowest = _start(facts), min(facts.history.loss)
    fall = (start - lowest) / start if start else 0.0
    hardly_moves = fall < limit and is_below_the_band(facts) and not has_hardly_begun(facts)
    updates = [
        block.update_ratio
        for epoch in facts.signals.epochs
        for block in epoch.blocks
        if block.update_ratio is not None
    ]
    steps_are_small = not updates or max(updates) < _LARGE_UPDATE
    outcome = Finding(
        (hardly_moves or _is_below_all(facts)) and steps_are_small and not facts.is_good,
        "fall of the training loss, as a share of its start",
        percent(max(0.0, fall)),
        f"less than {percent(limit)}, or the learning rate is far below every rate at which the loss falls",
    )
    if not outcome.applies:
        return outcome
    moved = f" A step changes the weights by at most {max(updates):.1g} of their size." if updates else ""
    return outcome._replace(
        sentence=f"The learning rate of {facts.highest_rate:g} is too low: in {len(facts.history.epoch)} "
        f"epochs the training loss fell only from {decimal(start)} to {decimal(lowest)}. In the "
        f"learning-rate range test, the loss begins to fall at {rates.falls_from:.1g} and falls fastest at "
        f"{rates.steepest:.1g}.{moved}",
        numbers={
            "learning_rate": facts.highest_rate,
            "falls_from": rates.falls_from or 0.0,
            "steepest": rates.steepest or 0.0,
            "first_training_loss": start,
            "lowest_training_loss": lowest,
        },
    )


def is_below_the_band(facts: Facts) -> bool:
    """Whether the recipe's rate is far below that at which the loss of this network falls fastest."""
    steepest = facts.probes.rate_range.steepest
    return steepest is not None and facts.highest_rate * facts.thresholds.stalled_rate_ratio <= steepest


def _is_below_all(facts: Facts) -> bool:
    """Whether the recipe's rate is far below the lowest at which the loss falls: then a fall is luck."""
    falls_from = facts.probes.rate_range.falls_from
    return falls_from is not None and facts.highest_rate * facts.thresholds.stalled_rate_ratio <= falls_from


def has_hardly_begun(facts: Facts) -> bool:
    """Whether there were so few steps that they show nothing of what the network can learn."""
    steps_per_epoch = -(-facts.train.num_examples // facts.params.batch_size)
    return len(facts.history.epoch) == 1 or steps_per_epoch * len(facts.history.epoch) < _FEW_STEPS


def _start(facts: Facts) -> float:
    """The first epoch's training loss; of one epoch alone, that before training, in training mode too."""
    if len(facts.history.loss) > 1:
        return facts.history.loss[0]
    return facts.probes.initial.training.loss or facts.history.loss[0]
