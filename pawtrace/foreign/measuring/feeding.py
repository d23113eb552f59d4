"""Find the input scaling and the order of classes of a model: the ones that fit labelled photos best.

All scalings with red first are tried on a few photos, the better ones on more photos, until two are left
(successive halving: Karnin, Koren & Somekh 2013). Those of them that fit are then compared with the same
scalings with blue first. Of scalings that fit equally well, training photos tell the one that was used; or
else the expected one is taken (that of the user's own arrays or of published weights), or the plainest one.
If no scaling is measurably better than guessing, class 1 is assumed to be the dog, as for Keras's loaders.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.evaluation.significance import is_significant, sign_flip_test
from pawtrace.foreign.measuring.outputs import Output
from pawtrace.foreign.measuring.trial import Trial, fits_as_well, own_loss, tried, with_dog_as_1
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos

# Conventions that are tried in each round, on how many times the first photos, and on how many at least:
# with 32 for the last round, five of them by chance made another scaling measurably better.
_ROUNDS = ((5, 1, 0), (4, 2, 0), (2, 4, 64))
_PLAINEST = list(CONVENTIONS)  # the plainest first
_BGR = "bgr_"  # how the names of conventions with blue first begin
_WORTH_OF_KNOWING = 0.05  # nats: a misfit that is larger by less does not refute the expected convention
_CLEARLY = 2.0  # times the lowest loss on training photos; it was 2 to 15 times, and more for other scalings
_HARDLY = 1.2  # times the loss on training photos
_ALIKE = 0.01  # nats on training photos: below it, memorising hides a difference
_NEAR = 1.1  # times the smallest misfit: too little to drop a plainer scaling after a few photos
_PLAINER = 1.5  # times the smallest misfit: a plainer scaling is likelier, where the difference may be chance


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

    @property
    def equals_words(self) -> str:
        """`; ... fits equally well`, to be added to the scaling that was found; empty if none does."""
        if not self.equals:
            return ""
        equals = ", ".join(CONVENTIONS[name].words for name in self.equals)
        return f"; {equals} fit{'s' if len(self.equals) == 1 else ''} equally well"


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
            self.seen[name] = tried(name, self._values[name], self._photos.labels, self._output)

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

    def plainer_by_own(self, best: Trial, own: np.ndarray) -> Trial:
        """A plainer scaling under which the loss on training photos is as low as under the best; else that.

        A network that was trained on 0..1 may do better on new photos of more contrast.
        """
        plainer = [name for name in _PLAINEST[: _PLAINEST.index(best.convention)] if name in self.seen]
        near = [name for name in plainer if _is_as_low(self.seen[name], best, own)]
        self.show(near, len(best.right))
        return next((self.seen[name] for name in near if _is_as_low(self.seen[name], best, own)), best)

    def with_dog_as_1(self, trial: Trial) -> Trial:
        """The same trial in the usual order of the classes."""
        return with_dog_as_1(trial, self._values[trial.convention], self._photos.labels)

    def fittest_first(self) -> list[Trial]:
        """All trials, in the order of their misfits."""
        return sorted(self.seen.values(), key=lambda trial: trial.misfit)

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
        fitting = [name for name in left if fits_as_well(trials.seen[name], fittest)]
        siblings = [_BGR + name for name in fitting if _BGR + name in CONVENTIONS]
        trials.show(siblings, len(fittest.right))
        fittest = trials.fittest(left + siblings)
    shown = [trial for trial in trials.fittest_first() if len(trial.right) == len(fittest.right)]
    equal = [trial for trial in shown if fits_as_well(trial, fittest)]
    best = _most_probable(equal, fittest, expected, own)
    if own is not None and known is None and best.convention != expected:
        best = trials.plainer_by_own(best, own)
    others = [trial for trial in trials.fittest_first() if trial is not best]
    equals = [trial.convention for trial in equal if trial is not best]
    differences = [1 if right else -1 for right in best.right]
    num_tried = len(trials.seen) * (1 if output.order_is_known else 2)  # the best of many is good by luck
    certain = sum(differences) > 0 and is_significant(min(1.0, num_tried * sign_flip_test(differences)))
    if not certain:  # nor is the order of the classes
        best, *others = map(trials.with_dog_as_1, [best, *others])
    return Feeding(best, others, equals, certain)


def as_made_for(feeding: Feeding, made_for: str | None) -> Feeding:
    """The same; but where no scaling fits, the one that the model's layers or published weights are made for.

    An overfitted model is surely wrong about many new photos. Under a wrong scaling it gives all of them the
    same answer, which is a smaller misfit.
    """
    own = next((trial for trial in feeding.others if trial.convention == made_for), None)
    if feeding.is_certain or own is None:
        return feeding
    others = [feeding.best, *(trial for trial in feeding.others if trial is not own)]
    return feeding._replace(best=own, others=others)


def _is_as_low(trial: Trial, best: Trial, own: np.ndarray) -> bool:
    """Whether the loss on training photos that both saw is hardly higher, and not too low to tell."""
    number = min(len(trial.right), len(best.right))
    return _ALIKE < own_loss(trial, own, number) <= _HARDLY * own_loss(best, own, number)


def _most_probable(equal: list[Trial], fittest: Trial, expected: str | None, own: np.ndarray | None) -> Trial:
    """Of scalings that fit equally well, one under which training made the loss low, if that is known.

    Among several, the expected one if it is near, or the plainest of those that are nearly as fit, or that
    have red first instead of the fittest one's blue.
    """
    if own is not None:
        losses = [own_loss(trial, own, len(trial.right)) for trial in equal]
        equal = [trial for trial, loss in zip(equal, losses, strict=True) if loss <= _CLEARLY * min(losses)]
        fittest = min(equal, key=lambda trial: trial.misfit)
    near = [trial for trial in equal if trial.misfit - fittest.misfit < _WORTH_OF_KNOWING]
    as_expected = [trial for trial in near if trial.convention == expected]
    red_first = [trial for trial in equal if _BGR + trial.convention == fittest.convention]
    nearly = [trial for trial in equal if trial.misfit <= _PLAINER * fittest.misfit]
    plainest = sorted(red_first + nearly, key=lambda trial: _PLAINEST.index(trial.convention))
    return (as_expected or plainest)[0]


def p_dog(output: Output, feeding: Feeding, answers: np.ndarray) -> np.ndarray:
    """P(dog), float64 (n,), of what the model gives out, (n, units); a half where that is not a number."""
    probabilities = np.nan_to_num(output.probability(answers), nan=0.5)
    return np.asarray(1 - probabilities if feeding.best.dog_first else probabilities)
