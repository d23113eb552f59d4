"""How a model wants its input and what its output means, by what fits labelled photos.

Every convention is tried on a few photos; the better half is tried on as many more, until two are left
(successive halving: Karnin, Koren & Somekh 2013). The order of the classes follows from the accuracy.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.evaluation.significance import is_significant, sign_flip_test
from pawtrace.foreign.measuring.outputs import Output
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos

_ROUNDS = (8, 4, 2)  # conventions that are left in each round
_BGR = "bgr_"  # how the names of conventions with blue first begin
_SUREST = 1e-4  # how near a probability counts towards 0 and 1


class Trial(NamedTuple):
    """A convention and an order of the classes, tried."""

    convention: str  # a name in CONVENTIONS
    dog_first: bool  # whether class 0 is the dog
    right: tuple[bool, ...]  # of each photo
    losses: tuple[float, ...]  # cross-entropy of each photo, nats

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return sum(self.right) / len(self.right)

    @property
    def loss(self) -> float:
        """The mean cross-entropy, nats."""
        return sum(self.losses) / len(self.losses)


class Feeding(NamedTuple):
    """How a model wants its input, as it was found out."""

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
) -> Feeding:
    """Try the conventions.

    Args:
      answer: float32 (n, h, w, 3) -> the model's output (n, units).
      size_px: height and width that the model takes.
      output: what the output means.
      photos: labelled; the first ones are used, those that the model was trained on where they are known.
      num_first: photos on which all conventions are tried; four times as many decide between the last two.
    """
    values: dict[str, np.ndarray] = {name: np.empty(0) for name in CONVENTIONS}
    left, shown, seen = list(CONVENTIONS), 0, {}
    for number, num_left in enumerate(_ROUNDS):
        wanted = num_first * 2**number
        few = photos.first(wanted)._replace(
            ids=photos.ids[shown:wanted], encoded=photos.encoded[shown:wanted]
        )
        images = few.images(size_px) if few.encoded else np.empty((0, *size_px, 3), np.uint8)
        for name in left:
            if len(images):
                more = output.probability(answer(scaled(images, name)))
                values[name] = np.concatenate([values[name], more])
            seen[name] = _tried(name, values[name], photos.labels[: len(values[name])], output)
        shown = wanted
        left = sorted(left, key=lambda name: _rank(seen[name]))[: _next(number, num_left)]
    top = min((seen[name] for name in left), key=_rank)
    fitting = [trial for trial in seen.values() if _fits_as_well(trial, top)]
    # RGB is far commoner than BGR: where both fit as well, it is RGB.
    plain = seen.get(top.convention.removeprefix(_BGR), top)
    best = plain if plain in fitting else top
    equals = [trial.convention for trial in sorted(fitting, key=_rank) if trial is not best]
    others = [trial for trial in seen.values() if trial is not best]
    differences = [1 if right else -1 for right in best.right]
    certain = sum(differences) > 0 and is_significant(sign_flip_test(differences))
    return Feeding(best, sorted(others, key=_rank), equals, certain)


def _next(number: int, num_left: int) -> int:
    return _ROUNDS[number + 1] if number + 1 < len(_ROUNDS) else num_left


def _tried(name: str, probabilities: np.ndarray, labels: np.ndarray, output: Output) -> Trial:
    probabilities = np.nan_to_num(probabilities, nan=0.5)
    trials = [_trial(name, probabilities, labels, dog_first=False)]
    if not output.order_is_known:
        trials.append(_trial(name, 1 - probabilities, labels, dog_first=True))
    return min(trials, key=lambda trial: (-trial.accuracy, trial.loss))


def _trial(name: str, p_dog: np.ndarray, labels: np.ndarray, *, dog_first: bool) -> Trial:
    likelihoods = np.clip(np.where(labels == 1, p_dog, 1 - p_dog), _SUREST, 1)
    right = (p_dog >= 0.5) == (labels == 1)
    return Trial(name, dog_first, tuple(right.tolist()), tuple((-np.log(likelihoods)).tolist()))


def _rank(trial: Trial) -> tuple[float, float]:
    # By accuracy to a tenth first: a network that is too sure has a high loss under the right convention.
    return -round(trial.accuracy * 10), trial.loss


def _fits_as_well(trial: Trial, best: Trial) -> bool:
    """Whether a trial is not measurably worse than the best: by right answers, nor by the losses' signs,
    on the photos that both have seen.
    """
    rights = [int(ours) - int(theirs) for ours, theirs in zip(best.right, trial.right, strict=False)]
    signs = [
        int(np.sign(round(theirs - ours, 3))) for ours, theirs in zip(best.losses, trial.losses, strict=False)
    ]
    return not (is_significant(sign_flip_test(rights)) or is_significant(sign_flip_test(signs)))
