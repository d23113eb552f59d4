"""Find the input scaling and the order of classes of a model: the ones that fit labelled photos best.

All scalings with red first are tried on a few photos, the better ones on more photos, until two are left
(successive halving: Karnin, Koren & Somekh 2013). Those of them that fit are then compared with the same
scalings with blue first. Of scalings that fit equally well, training photos tell the one that was used; or
else the expected one is taken (that of the user's own arrays or of published weights), or the plainest one.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.evaluation.significance import is_significant, sign_flip_test
from pawtrace.foreign.measuring.outputs import Output
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos

# Conventions that are tried in each round, on how many times the first photos, and on how many at least:
# with 32 for the last round, five of them by chance made another scaling measurably better.
_ROUNDS = ((5, 1, 0), (4, 2, 0), (2, 4, 64))
_PLAINEST = list(CONVENTIONS)  # the plainest first
_BGR = "bgr_"  # how the names of conventions with blue first begin
_SUREST = 1e-4  # how near a probability counts towards 0 and 1
_TEMPERATURES = 2.0 ** np.arange(-8, 11)
_SAME_MISFIT = 0.02  # nats: a difference that decides nothing
_WORTH_OF_KNOWING = 0.05  # nats: a misfit that is larger by less does not refute the expected convention
_CLEARLY = 2.0  # times the lowest loss on training photos; it was 2 to 15 times, and more for other scalings
_PENALTY = 0.05  # nats, for each doubling of the temperature
_NEAR = 1.1  # times the smallest misfit: too little to drop a plainer scaling after a few photos
_PLAINER = 1.5  # times the smallest misfit: a plainer scaling is likelier, where the difference may be chance


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


class _Trials:
    """Shows photos to a model in several conventions, and notes how it does."""

    def __init__(
        self,
        answer: Callable[[np.ndarray], np.ndarray],
        size_px: tuple[int, int],
        output: Output,
        photos: Photos,
    ) -> None:
        self._answer, self._size_px, self._output, self._photos = answer, size_px, output, photos
        self._values = {name: np.empty(0) for name in CONVENTIONS}
        self.seen: dict[str, Trial] = {}

    def show(self, names: list[str], number: int) -> None:
        """Show the first photos in these conventions, as far as they were not shown before."""
        for name in names:
            start = len(self._values[name])
            if start >= number:
                continue
            part = self._photos._replace(encoded=self._photos.encoded[start:number])
            more = self._output.probability(self._answer(scaled(part.images(self._size_px), name)))
            self._values[name] = np.concatenate([self._values[name], more])
            self.seen[name] = _tried(name, self._values[name], self._photos.labels, self._output)

    def narrowed(self, names: list[str], num_first: int) -> list[str]:
        """Show ever more photos in ever fewer conventions, the fittest; return the last ones."""
        for num_left, times, least in _ROUNDS:
            if self.seen:
                fittest = self._fittest_first(names)[:num_left]
                names = [name for name in names if name in fittest]  # still in the order of preference
            self.show(names, min(len(self._photos.ids), max(least, times * num_first)))
        return names

    def _fittest_first(self, names: list[str]) -> list[str]:
        """In the order of misfits; of near ones, the one that is earlier in `names` comes first."""
        rest, ordered = list(names), []
        while rest:
            limit = _NEAR * min(self.seen[name].misfit for name in rest)
            ordered.append(next(name for name in rest if self.seen[name].misfit <= limit))
            rest.remove(ordered[-1])
        return ordered

    def fittest(self, names: list[str]) -> Trial:
        """The trial with the smallest misfit."""
        return min((self.seen[name] for name in names), key=lambda trial: trial.misfit)


def find_feeding(
    answer: Callable[[np.ndarray], np.ndarray],
    size_px: tuple[int, int],
    output: Output,
    photos: Photos,
    num_first: int,
    known: str | None = None,
    expected: str | None = None,
    own: np.ndarray | None = None,
) -> Feeding:
    """Try the conventions.

    Args:
      answer: float32 (n, h, w, 3) -> the model's output (n, units).
      size_px: height and width that the model takes.
      output: what the output means.
      photos: labelled; the first ones are used.
      num_first: photos on which all conventions are tried; the last two on four times as many, at least 64.
      known: the convention, where only the order of the classes is to be found out.
      expected: the convention of arrays that the user gives, or of the published weights, where known.
      own: which photos the model was trained on, bool (n,); None where none are known.
    """
    trials = _Trials(answer, size_px, output, photos)
    names = [known] if known else [name for name in CONVENTIONS if not name.startswith(_BGR)]
    # The expected one first: where all fit equally badly, it stays.
    left = trials.narrowed(sorted(names, key=lambda name: name != expected), num_first)
    fittest = trials.fittest(left)
    if known is None:
        fitting = [name for name in left if _fits_as_well(trials.seen[name], fittest)]
        siblings = [_BGR + name for name in fitting if _BGR + name in CONVENTIONS]
        trials.show(siblings, len(fittest.right))
        fittest = trials.fittest(left + siblings)
    others = sorted(trials.seen.values(), key=lambda trial: trial.misfit)
    shown = [trial for trial in others if len(trial.right) == len(fittest.right)]
    equal = [trial for trial in shown if _fits_as_well(trial, fittest)]
    best = _most_probable(equal, fittest, expected, own)
    others.remove(best)
    equals = [trial.convention for trial in equal if trial is not best]
    differences = [1 if right else -1 for right in best.right]
    certain = sum(differences) > 0 and is_significant(sign_flip_test(differences))
    return Feeding(best, others, equals, certain)


def _most_probable(equal: list[Trial], fittest: Trial, expected: str | None, own: np.ndarray | None) -> Trial:
    """Of scalings that fit equally well, one under which training made the loss low, if that is known.

    Among several, the expected one if it is near, or red first instead of blue, or the plainest of those that
    are nearly as fit.
    """
    if own is not None:
        losses = [float(np.mean(np.array(trial.losses)[own[: len(trial.losses)]])) for trial in equal]
        equal = [trial for trial, loss in zip(equal, losses, strict=True) if loss <= _CLEARLY * min(losses)]
        fittest = min(equal, key=lambda trial: trial.misfit)
    near = [trial for trial in equal if trial.misfit - fittest.misfit < _WORTH_OF_KNOWING]
    as_expected = [trial for trial in near if trial.convention == expected]
    red_first = [trial for trial in equal if _BGR + trial.convention == fittest.convention]
    nearly = [trial for trial in equal if trial.misfit <= _PLAINER * fittest.misfit]
    plainest = sorted(nearly, key=lambda trial: _PLAINEST.index(trial.convention))
    return (as_expected or red_first or plainest)[0]


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
    return Trial(name, dog_first, tuple(right.tolist()), losses, _misfits(p_dog, labels))


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


def _fits_as_well(trial: Trial, best: Trial) -> bool:
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


def p_dog(output: Output, feeding: Feeding, answers: np.ndarray) -> np.ndarray:
    """P(dog), float64 (n,), of what the model gives out, (n, units); a half where that is not a number."""
    probabilities = np.nan_to_num(output.probability(answers), nan=0.5)
    return np.asarray(1 - probabilities if feeding.best.dog_first else probabilities)
