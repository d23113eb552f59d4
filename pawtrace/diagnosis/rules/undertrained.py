"""`undertrained`: training ended too soon."""

from typing import NamedTuple

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.diagnosis.rules.stalled import is_below_the_band
from pawtrace.results.number_words import decimal, percent, plural

_SHORT = 3  # epochs: so few cannot show that progress has ended
_RELATIVE = 0.05  # of the loss: less is no progress worth waiting for


class Improvement(NamedTuple):
    """The fall of the validation loss at the end of training; of the training loss, if only that fell."""

    loss: str  # training | validation
    before: float  # the lowest before the last epochs
    fall: float  # of the lowest
    num_last: int  # epochs
    is_improving: bool  # the fall is large, and nothing stopped the training early

    @property
    def last(self) -> str:
        """The last epochs in words."""
        return "the last epoch" if self.num_last == 1 else f"the last {self.num_last} epochs"

    @property
    def words(self) -> str:
        """From where to where, and when."""
        return (
            f"the {self.loss} loss went from {decimal(self.before)} to {decimal(self.before - self.fall)} "
            f"in {self.last}"
        )


def improvement_of(facts: Facts) -> Improvement:
    """How far the loss fell in the last fifth of the epochs."""
    num_epochs, limit = len(facts.history.epoch), facts.thresholds.undertrained_improvement
    num_last = max(1, num_epochs // 5)
    fall, before = _fall_at_the_end(facts, num_last)
    loss = "validation" if num_epochs > 1 else "training"
    train_fall, train_before = _training_fall(facts, num_last)
    if not _is_much(fall, before, limit) and _is_much(train_fall, train_before, limit):
        fall, before, loss = train_fall, train_before, "training"
    is_improving = not facts.stopped_early and _is_much(fall, before, limit)
    return Improvement(loss, before, fall, num_last, is_improving)


def rule(facts: Facts) -> Finding:
    """The model was still improving when training ended, or it has hardly begun although it can learn."""
    num_epochs, limit = len(facts.history.epoch), facts.thresholds.undertrained_improvement
    found = improvement_of(facts)
    num_last = found.num_last
    still_falls = found.fall > 0 or facts.history.loss[-1] < min(facts.history.loss[:-1], default=0.0)
    is_short = (
        num_epochs <= _SHORT
        and not facts.stopped_early
        and not facts.is_good
        and _validation_rise(facts, num_last) <= limit
    )
    has_not_begun = (facts.train.at_chance and facts.learns_by_heart) or (
        is_short and (facts.can_learn or still_falls)
    )
    outcome = Finding(
        (found.is_improving and not facts.is_good) or has_not_begun,
        f"fall of the lowest {found.loss} loss in {found.last}",
        decimal(max(0.0, found.fall)),
        f"more than {limit:g} and {percent(_RELATIVE)}, and not good yet",
        numbers={
            **facts.accuracies,
            "lowest_loss_before": found.before,
            "lowest_loss_at_the_end": found.before - found.fall,
            "num_last_epochs": num_last,
            "num_epochs": num_epochs,
        },
        cause="rate" if is_below_the_band(facts) else "epochs",
    )
    if found.is_improving:
        return outcome._replace(
            sentence=f"Training ended after {plural(num_epochs, 'epoch')}, while the model was still "
            f"improving: {found.words}. The accuracy on the training pictures is "
            f"{percent(facts.train.accuracy)}."
        )
    return outcome._replace(
        sentence=f"After {plural(num_epochs, 'epoch')}, the accuracy on the training pictures is only "
        f"{percent(facts.train.accuracy)}, "
        + (
            f"although the network can learn: {facts.probes.overfit.in_words}."
            if facts.learns_by_heart
            else "and so few epochs do not show what the network can learn."
        )
    )


def _is_much(fall: float, before: float, limit: float) -> bool:
    return fall > limit and fall > _RELATIVE * before


def _validation_rise(facts: Facts, num_last: int) -> float:
    """How far the validation loss of the last epochs is above that before; 0 of one epoch alone."""
    losses = facts.history.val_loss
    return 0.0 if len(losses) == 1 else min(losses[-num_last:]) - min(losses[:-num_last])


def _training_fall(facts: Facts, num_last: int) -> tuple[float, float]:
    """How far the training loss fell in the last epochs, and from where; 0 of one epoch alone.

    If the validation loss rises meanwhile, the model memorises, which is no progress.
    """
    history = facts.history
    if len(history.epoch) == 1 or _validation_rise(facts, num_last) > 0:
        return 0.0, 0.0
    before = min(history.loss[:-num_last])
    return before - min(history.loss[-num_last:]), before


def _fall_at_the_end(facts: Facts, num_last: int) -> tuple[float, float]:
    """How far the loss fell in the last epochs, and from where; both in the same mode.

    Of one epoch alone it is the training loss, from that in training mode before it.
    """
    history = facts.history
    if len(history.epoch) > 1:
        before, after = min(history.val_loss[:-num_last]), min(history.val_loss[-num_last:])
    else:
        initial = facts.probes.initial.training.loss
        before = min(facts.guessing_loss, initial or facts.guessing_loss)
        after = min(history.loss[0], history.val_loss[0])
    return before - after, before
