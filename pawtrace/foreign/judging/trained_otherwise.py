"""Whether the head was trained on photos of another scaling than the one that now fits best.

A head that was trained on bad features has learned little. With photos as the backbone expects them it may
even do better, so the scaling that fits best is not the one of the training. The history tells: its losses
are those of the other scaling.
"""

import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.finding import Finding
from pawtrace.evaluation.predictions import Predictions
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.measuring.trial import Trial
from pawtrace.results.number_words import decimal, percent

_LOSS = 0.03  # nats: the history's loss is a mean over an epoch, with dropout and augmentation
_SUREST = 1e-4  # how near a probability counts towards 0 and 1
_LIKELIER = 6.0  # difference of chi-squared: 20 times as likely
_FITS = 4.0  # chi-squared of two losses that agree
_FAR = 2.0  # times the loss measured: more than label smoothing adds to the history's


def trained_otherwise(facts: ForeignFacts) -> Finding | None:
    """The finding, or None where nothing speaks for it.

    Only for a head that is at fault, on a trunk whose features are good with the expected scaling.
    """
    measured = facts.measured
    fed = measured.feeding.convention
    expected = measured.made_for or measured.network.expected_convention
    if not (facts.knows_history and facts.head_is_at_fault and fed == expected):
        return None
    if facts.level(facts.known) >= facts.thresholds.underfitting_accuracy:
        return None
    as_found = _chi_squared(_losses(measured.train or measured.test), _losses(measured.test), facts)
    far = min(facts.history.val_loss[-1], min(facts.history.val_loss)) > _FAR * _losses(measured.test).mean()
    trial = min(measured.feeding.others, key=lambda each: _of_trial(each, facts), default=None)
    is_known = trial is not None and _of_trial(trial, facts) < min(_FITS, as_found - _LIKELIER)
    if not is_known and not (far and as_found > _FITS + _LIKELIER):  # also where the history has no numbers
        return None
    used = (
        CONVENTIONS[trial.convention].words
        if trial is not None and is_known
        else "photos scaled in another way"
    )
    is_twice = is_known and trial in measured.scaled_twice
    so = ", which its scaling layer scaled again: the values were nearly equal" if is_twice else ""
    return Finding(
        True,
        "how badly this input scaling explains the losses of the history (chi-squared)",
        decimal(as_found),
        f"above {_LIKELIER:g}, and the head is at fault",
        f"The backbone expects {CONVENTIONS[fed].words}, but the losses of the history show that the head "
        f"was trained on {used}{so}. With the expected input, the model is right on "
        f"{percent(facts.test.accuracy)} of the test photos, and a linear classifier on the backbone's "
        f"features on {percent(facts.features_accuracy)}.",
        {"chi_squared": as_found},
        cause="twice" if is_twice else fed,
    )


def _of_trial(trial: Trial, facts: ForeignFacts) -> float:
    losses = np.array(trial.losses)
    return _chi_squared(losses, losses, facts)


def _losses(predictions: Predictions) -> np.ndarray:
    """The cross-entropy of each photo, nats."""
    right = np.where(predictions.labels == 1, predictions.probabilities, 1 - predictions.probabilities)
    return np.asarray(-np.log(np.clip(right, _SUREST, 1)))


def _chi_squared(known: np.ndarray, new: np.ndarray, facts: ForeignFacts) -> float:
    """How far losses are from those of the history.

    Args:
      known: of training photos, of which the history has the mean of the last epoch.
      new: of test photos; the history's validation loss may be that of other photos, and the file may be
        that of the best epoch.
      facts: have the history.
    """
    history, total = facts.history, 0.0
    if facts.knows_train:
        total += (known.mean() - history.loss[-1]) ** 2 / (known.var() / len(known) + _LOSS**2)
    miss = min(abs(new.mean() - told) for told in (history.val_loss[-1], min(history.val_loss)))
    return float(total + miss**2 / (2 * new.var() / len(new) + _LOSS**2))
