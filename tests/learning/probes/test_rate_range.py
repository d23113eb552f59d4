"""The learning-rate range test reads the fall of the loss up to where the loss turns."""

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from pawtrace.learning.probes.few_pictures import FewPictures
from pawtrace.learning.probes.rate_range import rate_range
from pawtrace.learning.probes.sample import Sample

SAMPLE = Sample(np.zeros((2, 4, 4, 3), np.uint8), np.zeros((2, 1), np.float32))


class Losses:
    """In the place of a network: gives out one loss after the other."""

    def __init__(self, losses: list[float]) -> None:
        self._losses = iter(losses)

    def inputs_of(self, sample: Sample) -> np.ndarray:
        return sample.images

    @contextlib.contextmanager
    def untouched(self) -> Iterator[None]:
        yield

    def step(self, *_: object) -> float:
        return next(self._losses)


def range_of(losses: list[float]) -> dict[str, Any]:
    return rate_range(cast("FewPictures", Losses(losses)), SAMPLE, len(losses))


def test_a_fall_after_the_loss_has_turned_is_chance() -> None:
    falling = [0.77, 0.77, 0.77, 0.76, 0.74, 0.70, 0.66, 0.65]
    found = range_of([*falling, 0.74, 0.88, 0.55, 0.95, 0.30, 0.86])
    assert found["steepest"] in found["rates"][4:7]
    assert found["falls_from"] <= found["steepest"]


def test_a_loss_that_only_rises_falls_at_no_rate() -> None:
    found = range_of([0.69, 0.69, 0.70, 0.75, 0.50, 0.40, 0.80, 0.95])
    assert (found["falls_from"], found["steepest"]) == (None, None)
    assert found["blows_up_at"] is not None


def test_a_loss_that_never_turns_is_read_to_its_end() -> None:
    found = range_of([0.69, 0.69, 0.69, 0.68, 0.66, 0.6, 0.4, 0.1, 0.05, 0.04])
    assert found["steepest"] in found["rates"][5:8]
    assert found["blows_up_at"] is None
