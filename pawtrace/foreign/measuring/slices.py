"""Kinds of photos on which a model is measurably worse than on the others."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.pixels import decode
from pawtrace.diagnosis.scores import is_above
from pawtrace.evaluation.predictions import Predictions
from pawtrace.foreign.reading.photos import Photos

_MIN_PHOTOS = 20
_MIN_GAP = 0.1


class Slice(NamedTuple):
    """A kind of photos, and the accuracy on them and on all others."""

    name: str
    num_photos: int
    accuracy: float
    accuracy_of_others: float
    is_weak: bool  # measurably below the others, by 10 points or more


def slices_of(photos: Photos, predictions: Predictions) -> list[Slice]:
    """The accuracy on each kind of photos, the worst kind first.

    Args:
      photos: labelled.
      predictions: of these photos.
    """
    right = predictions.predicted == predictions.labels
    found = [_slice(name, chosen, right) for name, chosen in _kinds(photos) if _is_enough(chosen)]
    return sorted(found, key=lambda each: each.accuracy - each.accuracy_of_others)


def _is_enough(chosen: np.ndarray) -> bool:
    return min(int(chosen.sum()), int((~chosen).sum())) >= _MIN_PHOTOS


def _slice(name: str, chosen: np.ndarray, right: np.ndarray) -> Slice:
    inside, outside = float(right[chosen].mean()), float(right[~chosen].mean())
    measurable = is_above(outside, int((~chosen).sum()), inside, int(chosen.sum()))
    return Slice(name, int(chosen.sum()), inside, outside, measurable and outside - inside >= _MIN_GAP)


def _kinds(photos: Photos) -> Iterator[tuple[str, np.ndarray]]:
    images = [decode(encoded) for encoded in photos.encoded]
    sides = np.array([image.shape[:2] for image in images])
    brightness = np.array([image.mean() for image in images])
    colour = np.array([np.ptp(image.reshape(-1, 3).mean(axis=0)) for image in images])
    dark, bright = np.quantile(brightness, (1 / 3, 2 / 3))
    yield from ((f"{label}s", photos.labels == number) for number, label in enumerate(LABELS))
    yield "the darkest third", brightness < dark
    yield "the brightest third", brightness > bright
    yield "grey photos", colour < 2
    yield "small photos (shorter side below 128 px)", sides.min(axis=1) < 128
    yield "upright photos", sides[:, 0] > 1.2 * sides[:, 1]
    yield "wide photos", sides[:, 1] > 1.2 * sides[:, 0]
