"""`unstable`: the training loss jumps and does not recover."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding, Numbers
from pawtrace.diagnosis.rules.stalled import is_below_the_band
from pawtrace.results.number_words import decimal, plural

_FAR_ABOVE = 100.0  # times the rate at which the loss falls fastest: no network trains there
_BEYOND = 3.0  # times the rate at which the range test blows up: it finds that rate within a factor of 3


def rule(facts: Facts) -> Finding:
    """The steps are too large: the training loss jumps up and stays there, or is not finite."""
    initial, probe = facts.probes.initial.training.loss, facts.probes.overfit
    limit = facts.thresholds.unstable_rise
    measure, limit_words = "rise of the training loss without recovery", f"above {limit:g}"
    if initial is None:
        sentence = "The loss is not a finite number, even before training."
        return Finding(True, measure, "not finite", limit_words, sentence)
    if probe.loss is None:
        sentence = (
            f"The loss stops being a finite number within {plural(probe.num_steps, 'step')} on "
            f"{plural(probe.num_examples, 'picture')}."
        )
        return Finding(True, measure, "not finite", limit_words, sentence, {"initial_loss": initial})
    rise, where, before, after = largest_rise(facts, initial)
    too_slow = is_below_the_band(facts)  # whatever the loss does, the steps are not too large
    is_noise = rise <= limit or _validation_stays(facts, where)
    recovered = facts.is_good or too_slow or (is_noise and not _beyond_the_edge(facts))
    # A pretrained backbone that was shaken at the start and learns again has lost what it knew: `forgetting`.
    learns_again = facts.linear_probe is not None and where == 1 and not facts.is_flat_at_chance
    if recovered or learns_again:
        shown = decimal(max(0.0, rise)) + (", recovered" if rise > limit else "")
        return Finding(False, measure, shown, limit_words)
    numbers: Numbers = {"epoch": where, "loss_before": before, "loss_after": after, "rise": rise}
    edge = facts.probes.rate_range.blows_up_at
    if edge is not None:
        numbers["blows_up_at"] = edge
    if rise <= limit:
        steepest = facts.probes.rate_range.steepest
        falls = "" if steepest is None else f"falls fastest at {steepest:.1g} and "
        sentence = (
            f"The learning rate of {facts.highest_rate:g} is far too large: the model never does better than "
            f"guessing. The loss of this network {falls}blows up at {edge:.1g}."
        )
    else:
        sentence = (
            f"The training loss jumps from {decimal(before)} to {decimal(after)} in epoch {where} and does "
            f"not recover: the learning rate of {facts.highest_rate:g} is too large."
        )
        if edge is not None:
            sentence += f" In the learning-rate range test, the loss blows up at {edge:.1g}."
    return Finding(True, measure, decimal(rise), limit_words, sentence, numbers)


def largest_rise(facts: Facts, initial: float) -> tuple[float, int, float, float]:
    """The largest rise of the training loss beyond its own noise, its epoch, the loss before and after.

    Args:
      facts: with a history.
      initial: the loss before training, nats; in training mode.

    The loss before training is that of training mode, too, but of a few pictures, and an epoch's mean is
    that of a moving network: only what exceeds the start twice over, or the lowest by a quarter, counts.
    """
    start = max(initial, facts.guessing_loss)
    losses = (start, *facts.history.loss)
    rises = [(losses[1] - 2 * start, 1)]
    for number in range(2, len(losses)):
        lowest = min(losses[1:number])
        rises.append((losses[number] - 1.25 * lowest, number))
    rise, worst = max(rises)
    return rise, worst, start if worst == 1 else min(losses[1:worst]), losses[worst]


def _beyond_the_edge(facts: Facts) -> bool:
    """Whether it never gets better than guessing at a rate that is far above those that work."""
    rates = facts.probes.rate_range
    edge, steepest, rate = rates.blows_up_at, rates.steepest, facts.highest_rate
    if edge is None or rate < edge or not facts.is_flat_at_chance:
        return False
    far_above = steepest is not None and rate >= _FAR_ABOVE * steepest and facts.learns_by_heart
    return far_above or rate >= _BEYOND * edge


def _validation_stays(facts: Facts, epoch: int) -> bool:
    """Whether the validation loss does not rise with an epoch: then the rise was noise in training.

    Dropout and few pictures make the training loss noisy.
    """
    losses, limit = facts.history.val_loss, facts.thresholds.unstable_rise
    return epoch > 1 and max(losses[epoch - 1 :]) < min(losses[: epoch - 1]) + limit
