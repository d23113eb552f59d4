"""Find the input scaling and the order of classes of a model: the ones that fit labelled photos best.

All scalings with red first are tried on a few photos, the better ones on more photos, until two are left
(successive halving: Karnin, Koren & Somekh 2013). Those of them that fit are then compared with the same
scalings with blue first. Of scalings that fit equally well, the expected one is taken (that of the user's
own arrays or of published weights), or else, of two orders of the channels, red first.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.evaluation.significance import is_significant, sign_flip_test
from pawtrace.foreign.measuring.outputs import Output
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos

_ROUNDS = (5, 3, 2)  # conventions that are tried in each round
_BGR = "bgr_"  # how the names of conventions with blue first begin
_SUREST = 1e-4  # how near a probability counts towards 0 and 1
_TEMPERATURES = 2.0 ** np.arange(-8, 11)
_SAME_MISFIT = 0.02  # nats: a difference that decides nothing
_WORTH_OF_KNOWING = 0.05  # nats: a misfit that is larger by less does not refute the expected convention
_PENALTY = 0.05  # nats, for each doubling of the temperature


class Trial(NamedTuple):
    """The result of one input scaling with one order of the classes."""

    convention: str  # a name in CONVENTIONS
    dog_first: bool  # whether class 0 is the dog
    right: tuple[bool, ...]  # of each photo
    losses: tuple[float, ...]  # cross-entropy of each photo, nats
    misfit: float  # see `_misfit`

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return sum(self.right) / len(self.right)

    @property
    def loss(self) -> float:
        """The mean cross-entropy, nats."""
        return sum(self.losses) / len(self.losses)


class Feeding(NamedTuple):
    """The input scaling that was found for a model, and those that it was compared with."""

    best: Trial
    others: list[Trial]  # the best order of classes of each other convention, on the photos that it saw
    equals: list[str]  # conventions that fit equally well on the same photos
    is_certain: bool  # whether the best one is measurably better than guessing

    @property
    def convention(self) -> str:
        """The name of the convention that fits."""
        return self.best.convention


def find_feeding(
    answer: Callable[[np.ndarray], np.ndarray],
    size_px: tuple[int, int],
    output: Output,
    photos: Photos,
    num_first: int,
    known: str | None = None,
    expected: str | None = None,
) -> Feeding:
    """Try the conventions.

    Args:
      answer: float32 (n, h, w, 3) -> the model's output (n, units).
      size_px: height and width that the model takes.
      output: what the output means.
      photos: labelled; the first ones are used.
      num_first: photos on which all conventions are tried; four times as many decide between the last two.
      known: the convention, where only the order of the classes is to be found out.
      expected: the convention of arrays that the user gives, or of the published weights, where known.
    """
    values: dict[str, np.ndarray] = {name: np.empty(0) for name in CONVENTIONS}
    seen: dict[str, Trial] = {}

    def show(names: list[str], start: int, end: int) -> None:
        images = photos.first(end)._replace(encoded=photos.encoded[start:end]).images(size_px)
        for name in names:
            more = output.probability(answer(scaled(images, name)))
            values[name] = np.concatenate([values[name], more])
            seen[name] = _tried(name, values[name], photos.labels, output)

    left, shown = [known] if known else [name for name in CONVENTIONS if not name.startswith(_BGR)], 0
    for number, num_left in enumerate(_ROUNDS):
        left = sorted(left, key=lambda name: seen[name].misfit)[:num_left] if seen else left
        wanted = min(len(photos.ids), num_first * 2**number)
        if wanted > shown:
            show(left, shown, wanted)
        shown = wanted
    fittest = min((seen[name] for name in left), key=lambda trial: trial.misfit)
    if known is None:
        fitting = [name for name in left if _fits_as_well(seen[name], fittest)]
        siblings = [_BGR + name for name in fitting if _BGR + name in CONVENTIONS]
        show(siblings, 0, shown)
        fittest = min((seen[name] for name in left + siblings), key=lambda trial: trial.misfit)
    others = sorted(seen.values(), key=lambda trial: trial.misfit)
    equal = [trial for trial in others if len(trial.right) == shown and _fits_as_well(trial, fittest)]
    best = _most_probable(equal, fittest, expected)
    others.remove(best)
    equals = [trial.convention for trial in equal if trial is not best]
    differences = [1 if right else -1 for right in best.right]
    certain = sum(differences) > 0 and is_significant(sign_flip_test(differences))
    return Feeding(best, others, equals, certain)


def _most_probable(equal: list[Trial], fittest: Trial, expected: str | None) -> Trial:
    """Of scalings that fit equally well, the expected one if it is near, or red first instead of blue."""
    near = [trial for trial in equal if trial.misfit - fittest.misfit < _WORTH_OF_KNOWING]
    as_expected = [trial for trial in near if trial.convention == expected]
    red_first = [trial for trial in equal if _BGR + trial.convention == fittest.convention]
    return next(iter(as_expected or red_first), fittest)


def _tried(name: str, probabilities: np.ndarray, labels: np.ndarray, output: Output) -> Trial:
    """The trial in the order of the classes that fits better."""
    probabilities, labels = np.nan_to_num(probabilities, nan=0.5), labels[: len(probabilities)]
    trials = [_trial(name, probabilities, labels, dog_first=False)]
    if not output.order_is_known:
        trials.append(_trial(name, 1 - probabilities, labels, dog_first=True))
    return min(trials, key=lambda trial: trial.misfit)


def _trial(name: str, p_dog: np.ndarray, labels: np.ndarray, *, dog_first: bool) -> Trial:
    likelihoods = np.clip(np.where(labels == 1, p_dog, 1 - p_dog), _SUREST, 1)
    right = (p_dog >= 0.5) == (labels == 1)
    losses = tuple((-np.log(likelihoods)).tolist())
    return Trial(name, dog_first, tuple(right.tolist()), losses, _misfit(p_dog, labels))


def _misfit(p_dog: np.ndarray, labels: np.ndarray) -> float:
    """The cross-entropy at the temperature that suits best, and a penalty for how far that is from 1.

    An overfitted network is too sure under the right convention, and under a wrong one it may say a half of
    everything; but fed 255 times too much or too little it is out by many doublings.
    Source of the temperature: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    p_dog = np.clip(p_dog, 1e-7, 1 - 1e-7)
    margins = np.log(p_dog / (1 - p_dog)) * (2 * labels - 1)
    losses = np.log1p(np.exp(-np.clip(margins[:, None] / _TEMPERATURES, -60, 60))).mean(axis=0)
    return float((losses + _PENALTY * np.abs(np.log2(_TEMPERATURES))).min())


def _fits_as_well(trial: Trial, best: Trial) -> bool:
    """Whether a trial is not measurably worse than the best: by right answers, nor by the losses' signs,
    on the photos that both have seen.
    """
    rights = [int(ours) - int(theirs) for ours, theirs in zip(best.right, trial.right, strict=False)]
    if abs(trial.misfit - best.misfit) < _SAME_MISFIT and not is_significant(sign_flip_test(rights)):
        return True
    signs = [
        int(np.sign(round(theirs - ours, 3))) for ours, theirs in zip(best.losses, trial.losses, strict=False)
    ]
    return not (is_significant(sign_flip_test(rights)) or is_significant(sign_flip_test(signs)))
