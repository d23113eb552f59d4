"""Whether the head was trained on photos of another scaling than the one that now fits best.

A head that was trained on bad features has learned little. With photos as the backbone expects them it may
even do better, so the scaling that fits best is not the one of the training. The history tells: its losses
are those of the other scaling.
"""

import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.finding import Finding
from pawtrace.evaluation.predictions import Predictions
from pawtrace.foreign.judging.facts import ForeignFacts, is_of_epoch
from pawtrace.foreign.measuring.measure import Measured
from pawtrace.foreign.measuring.trial import Trial, cross_entropies
from pawtrace.results.number_words import decimal, percent

_LOSS = 0.03  # nats: the history's loss is a mean over an epoch, with dropout and augmentation
_LIKELIER = 6.0  # difference of chi-squared: 20 times as likely
_FITS = 4.0  # chi-squared of two losses that agree
_BETTER = 0.1  # of accuracy
_NUM_TRIED = 3  # scalings whose losses are compared exactly


def trained_otherwise(facts: ForeignFacts) -> Finding | None:
    """The finding, or None where nothing speaks for it.

    Only for a head that is at fault, on a trunk whose features are good with the expected scaling.
    """
    measured = facts.measured
    fed = measured.feeding.convention
    expected = measured.network.expected_input(measured.made_for)
    if not (facts.knows_history and _has_comparable_loss(measured)):
        return None
    if not (facts.head_is_at_fault and fed == expected):
        return None
    if facts.level(facts.known) >= facts.thresholds.underfitting_accuracy:
        return None
    if facts.knows_train and facts.history.accuracy[-1] - facts.train.accuracy > _BETTER:
        return None  # another scaling explains no better training, but other labels do
    as_found = _chi_squared(_losses(measured.train or measured.test), _losses(measured.test), facts)
    likeliest = sorted(measured.feeding.others, key=lambda trial: _of_trial(trial, facts))[:_NUM_TRIED]
    trial = _with_these_losses(likeliest, as_found, facts)
    if trial is None:  # another loss, or photos prepared in some other way
        return None
    used = CONVENTIONS[trial.convention].words
    is_twice = trial in measured.scaled_twice
    so = ", which its scaling layer scaled again: the values were nearly equal" if is_twice else ""
    return Finding(
        True,
        "loss of the history's validation minus the loss with this input scaling",
        decimal(facts.history.val_loss[-1] - _losses(measured.test).mean()),
        "0, if the head was trained with it",
        f"The backbone expects {CONVENTIONS[fed].words}, but the losses of the history show that the head "
        f"was trained on {used}{so}. With the expected input, the model is right on "
        f"{percent(facts.test.accuracy)} of the test photos, and a linear classifier on the backbone's "
        f"features on {percent(facts.features_accuracy)}.",
        {"val_loss": facts.history.val_loss[-1], "test_loss": float(_losses(measured.test).mean())},
        cause="twice" if is_twice else fed,
    )


def _has_comparable_loss(measured: Measured) -> bool:
    """Whether the history's loss is the cross-entropy of the probabilities that the model gives out."""
    compiled, output = measured.file.compiled, measured.output
    is_plain = not compiled.label_smoothing and ("crossentropy" in compiled.loss or not compiled.loss)
    return (
        is_plain
        and (output.activation == "linear" or not compiled.from_logits)
        and output.activation != "number"
    )


def _with_these_losses(likeliest: list[Trial], as_found: float, facts: ForeignFacts) -> Trial | None:
    """The trial whose losses are those of the history, while those of the input as found are not.

    If the test photos are those of the history's validation, loss and accuracy are nearly the same.
    """
    if likeliest and _of_trial(likeliest[0], facts) < min(_FITS, as_found - _LIKELIER):
        return likeliest[0]
    if _are_of_history(facts.measured.test, facts):
        return None
    exact = (
        trial for trial in likeliest if _are_of_history(facts.measured.test_fed(trial.convention), facts)
    )
    return next(exact, None)


def _are_of_history(test: Predictions, facts: ForeignFacts) -> bool:
    """Whether loss and accuracy are those of the last epoch's validation, or of the best one's."""
    best = int(np.argmin(facts.history.val_loss))
    return any(is_of_epoch(epoch, facts.history, test) for epoch in (-1, best))


def _of_trial(trial: Trial, facts: ForeignFacts) -> float:
    losses = np.array(trial.losses)
    return _chi_squared(losses, losses, facts)


def _losses(predictions: Predictions) -> np.ndarray:
    """The cross-entropy of each photo, nats."""
    return cross_entropies(predictions.probabilities, predictions.labels)


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
