"""`dead`: never better than guessing, not even on the training pictures."""

from pawtrace.diagnosis.facts import Facts, Finding, Numbers
from pawtrace.results.number_words import decimal, percent, plural


def rule(facts: Facts) -> Finding | None:
    """It never leaves chance, on its own training data too, and has had the time or cannot learn at all."""
    if not facts.is_flat_at_chance:
        return None
    if facts.learns_by_heart and (facts.labels_say_nothing or len(facts.history.epoch) == 1):
        return None  # the labels are at fault, or it has hardly begun
    lowest, guessing = min(facts.history.loss), facts.guessing_loss
    probe = facts.probes.overfit
    learned = f"{percent(probe.accuracy)}" if probe.accuracy is not None else "nothing finite"
    numbers: Numbers = {
        "lowest_training_loss": lowest,
        "guessing_loss": guessing,
        "train_accuracy": facts.train.accuracy,
        "train_chance": facts.train.chance,
    }
    if probe.accuracy is not None:
        numbers["overfit_probe_accuracy"] = probe.accuracy
    where, signal = _where_it_dies(facts)
    return Finding(
        numbers | signal,
        f"It never leaves chance, on its own training pictures too: the training loss stays at "
        f"{decimal(lowest)} or more (guessing is {decimal(guessing)}); of "
        f"{plural(probe.num_examples, 'picture')} alone it learns {learned} in "
        f"{plural(probe.num_steps, 'step')}{where}.",
    )


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
