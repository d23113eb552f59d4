"""`dead`: hardly better than guessing, even on the training pictures."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding, Numbers, applying
from pawtrace.diagnosis.rules import forgetting
from pawtrace.diagnosis.rules.stalled import has_hardly_begun, is_below_the_band
from pawtrace.results.number_words import decimal, percent, plural


def rule(facts: Facts) -> Finding:
    """Hardly better than guessing, on the training pictures too, given the time and a rate that works."""
    lowest, guessing = min(facts.history.loss), facts.guessing_loss
    limit = guessing - facts.thresholds.dead_loss_margin
    outcome = Finding(
        (facts.is_flat_at_chance or _keeps_guessing(facts)) and not _is_excused(facts),
        "lowest training loss",
        decimal(lowest),
        f"never below {decimal(limit)}, and accuracy hardly better than guessing",
    )
    if not outcome.applies:
        return outcome
    probe = facts.probes.overfit
    numbers: Numbers = {
        "lowest_training_loss": lowest,
        "guessing_loss": guessing,
        "train_accuracy": facts.train.accuracy,
        "train_chance": facts.train.chance,
    }
    if probe.accuracy is not None:
        numbers["overfit_probe_accuracy"] = probe.accuracy
    where, signal = _where_it_dies(facts)
    hardly = "no" if facts.is_flat_at_chance else "hardly"
    frozen = (
        " The backbone is frozen with random weights: only the head can learn."
        if _is_frozen_random(facts)
        else ""
    )
    return outcome._replace(
        numbers=numbers | signal,
        sentence=f"The network is {hardly} better than guessing, even on its training pictures: the "
        f"training loss never falls below {decimal(lowest)} (guessing gives {decimal(guessing)})."
        f"{frozen}{_few_pictures(facts)}{where}",
    )


def _keeps_guessing(facts: Facts) -> bool:
    """Whether the loss stays that of guessing because the signal dies, whatever trace is learned."""
    at_most_a_trace = not facts.train.finds_more_than_a_trace()
    return facts.is_flat and at_most_a_trace and facts.dying_signal is not None


def _is_excused(facts: Facts) -> bool:
    """Whether the network is at chance for a reason that another verdict names."""
    if facts.dying_signal is not None or _is_frozen_random(facts):
        return _has_forgotten(facts)
    hardly_begun = facts.labels_say_nothing or has_hardly_begun(facts)
    return _has_forgotten(facts) or is_below_the_band(facts) or (facts.can_learn and hardly_begun)


def _has_forgotten(facts: Facts) -> bool:
    return applying(forgetting.rule, facts) is not None


def _is_frozen_random(facts: Facts) -> bool:
    """Whether only a head learns, from random features; no learning rate makes those good."""
    return facts.probes.input_range.weights == "random" and not facts.trains_backbone


def _few_pictures(facts: Facts) -> str:
    """What the network can do with a few pictures alone."""
    probe, falls_from = facts.probes.overfit, facts.probes.rate_range.falls_from
    few = plural(probe.num_examples, "picture")
    if facts.learns_by_heart:
        return f" Trained on {few} alone, it memorises them, but it does not learn from all pictures."
    steps = plural(probe.num_steps, "step")
    no_rate = " Its loss does not fall at any learning rate." if falls_from is None else ""
    if probe.accuracy is None:
        return f" Trained on {few} alone, its outputs are not finite after {steps}.{no_rate}"
    learned = percent(probe.accuracy)
    return f" It cannot memorise even {few}: after {steps} on these alone, {learned} are correct.{no_rate}"


def _where_it_dies(facts: Facts) -> tuple[str, Numbers]:
    """Words and numbers for the block at which the signal dies, and for the smallest gradient."""
    numbers: Numbers = {}
    gradients = [block.gradient_rms for block in facts.probes.blocks if block.gradient_rms is not None]
    if gradients:
        numbers["smallest_gradient_rms"] = min(gradients)
    dying = facts.dying_signal
    if dying is None:
        return "", numbers
    numbers |= {
        "signal_dies_at": dying.block.name,
        "activation_std_there": dying.std,
        "largest_std_before": dying.largest_std,
    }
    words = f" {dying.words}"
    if dying.block.gradient_rms is not None:
        numbers["gradient_rms_there"] = dying.block.gradient_rms
        words += f", and gradients are {decimal(dying.block.gradient_rms)}"
    return f"{words}.", numbers
