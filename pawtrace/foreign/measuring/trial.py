"""How an input scaling does on labelled photos, and whether it does as well as another one."""

from typing import NamedTuple

import numpy as np

from pawtrace.evaluation.significance import is_significant, sign_flip_test
from pawtrace.foreign.measuring.outputs import Output

_SUREST = 1e-4  # how near a probability counts towards 0 and 1
_TEMPERATURES = 2.0 ** np.arange(-8, 11)
_SAME_MISFIT = 0.02  # nats: a difference that decides nothing
_PENALTY = 0.05  # nats, for each doubling of the temperature


class Trial(NamedTuple):
    """The result of one input scaling with one order of the classes."""

    convention: str  # a name in CONVENTIONS
    dog_first: bool  # whether class 0 is the dog
    right: tuple[bool, ...]  # of each photo
    losses: tuple[float, ...]  # cross-entropy of each photo, nats
    misfits: tuple[float, ...]  # of each photo; see `_misfits`

    @property
    def misfit(self) -> float:
        """The mean misfit, nats."""
        return sum(self.misfits) / len(self.misfits)

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return sum(self.right) / len(self.right)

    @property
    def loss(self) -> float:
        """The mean cross-entropy, nats."""
        return sum(self.losses) / len(self.losses)


def tried(name: str, probabilities: np.ndarray, labels: np.ndarray, output: Output) -> Trial:
    """The trial in the order of the classes that fits better."""
    probabilities, labels = np.nan_to_num(probabilities, nan=0.5), labels[: len(probabilities)]
    trials = [_trial(name, probabilities, labels, dog_first=False)]
    if not output.order_is_known:
        trials.append(_trial(name, 1 - probabilities, labels, dog_first=True))
    return min(trials, key=lambda trial: trial.misfit)


def with_dog_as_1(trial: Trial, probabilities: np.ndarray, labels: np.ndarray) -> Trial:
    """The trial in the order of Keras's loaders, which is that of the alphabet: class 1 is the dog."""
    probabilities = np.nan_to_num(probabilities, nan=0.5)
    return _trial(trial.convention, probabilities, labels[: len(probabilities)], dog_first=False)


def _trial(name: str, p_dog: np.ndarray, labels: np.ndarray, *, dog_first: bool) -> Trial:
    right = (p_dog >= 0.5) == (labels == 1)
    losses = tuple(cross_entropies(p_dog, labels).tolist())
    return Trial(name, dog_first, tuple(right.tolist()), losses, _misfits(p_dog, labels))


def cross_entropies(p_dog: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The cross-entropy of each photo, nats, float64 (n,); finite also for a sure mistake."""
    return np.asarray(-np.log(np.clip(np.where(labels == 1, p_dog, 1 - p_dog), _SUREST, 1)))


def _misfits(p_dog: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
    """The cross-entropies at the temperature that suits best, and a penalty for how far that is from 1.

    An overfitted network is too sure under the right convention, and under a wrong one it may say a half of
    everything; but fed 255 times too much or too little it is out by many doublings.
    Source of the temperature: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    p_dog = np.clip(p_dog, 1e-7, 1 - 1e-7)
    margins = np.log(p_dog / (1 - p_dog)) * (2 * labels - 1)
    losses = np.log1p(np.exp(-np.clip(margins[:, None] / _TEMPERATURES, -60, 60)))
    misfits = losses + _PENALTY * np.abs(np.log2(_TEMPERATURES))
    return tuple(misfits[:, misfits.mean(axis=0).argmin()].tolist())


def fits_as_well(trial: Trial, best: Trial) -> bool:
    """Whether a trial is not measurably worse than the best: by right answers, nor by misfits in
    hundredths of a nat.

    Not by the signs of losses: with larger inputs, an underfitted model is a little surer of nearly every
    photo. A temperature that differs by a doubling is a measurable difference, as it is so on each photo.
    """
    rights = [int(ours) - int(theirs) for ours, theirs in zip(best.right, trial.right, strict=True)]
    if abs(trial.misfit - best.misfit) < _SAME_MISFIT and not is_significant(sign_flip_test(rights)):
        return True
    misfits = [round(100 * (theirs - ours)) for ours, theirs in zip(best.misfits, trial.misfits, strict=True)]
    return not (is_significant(sign_flip_test(rights)) or is_significant(sign_flip_test(misfits)))


def own_loss(trial: Trial, own: np.ndarray, number: int) -> float:
    """The mean cross-entropy of those of the first photos that the model was trained on, nats."""
    return float(np.mean(np.array(trial.losses[:number])[own[:number]]))
