"""The learning-rate range test: at which rates does the loss fall, and at which does it blow up?

Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks". Every step is on the same few
pictures, so that the loss moves by the steps alone and not by the luck of a batch.
"""

import math
from typing import Any

import numpy as np

from pawtrace.learning.probes.few_pictures import FewPictures
from pawtrace.learning.probes.sample import Sample

_LOWEST, _HIGHEST = 1e-7, 10.0  # beyond these no recipe trains
_FALL = 0.02  # of the loss at the start: less is no fall
_RISE = 0.2  # nats above the loss at the start: it has blown up
_TURN = 0.05  # of the loss at the start, above the lowest so far: what falls after that, falls by chance


def rate_range(few: FewPictures, sample: Sample, num_steps: int) -> dict[str, Any]:
    """Raise the rate from step to step until the loss blows up.

    Args:
      few: as it was built; so it is afterwards.
      sample: as many cats as dogs.
      num_steps: from 1e-7 to 10, in equal ratios.
    Returns:
      rates and losses, the loss before the step at each rate, up to where it blew up;
      falls_from: the lowest rate at which the loss has fallen by 2 %; none if it never has;
      steepest: the rate at which it falls fastest; none likewise;
      blows_up_at: the rate at which it is 0.2 above the start, or not finite; none if it never is.
    """
    rates = np.geomspace(_LOWEST, _HIGHEST, num_steps).tolist()
    inputs, losses = few.inputs_of(sample), []
    blows_up_at = None
    with few.untouched():
        for rate in rates:
            losses.append(few.step(inputs, sample.labels, rate))
            if not math.isfinite(losses[-1]) or losses[-1] > losses[0] + _RISE:
                blows_up_at = rates[max(0, len(losses) - 2)]  # the step before has done it
                break
    falls_from, steepest = _falls(rates, losses)
    return {
        "rates": rates[: len(losses)],
        "losses": losses,
        "falls_from": falls_from,
        "steepest": steepest,
        "blows_up_at": blows_up_at,
    }


def _turn(losses: list[float]) -> int:
    """How many losses there are until they turn upwards; three at least."""
    lowest = losses[0]
    for number, loss in enumerate(losses):
        if not loss <= lowest + _TURN * losses[0]:  # NaN, too
            return max(3, number)
        lowest = min(lowest, loss)
    return len(losses)


def _falls(rates: list[float], losses: list[float]) -> tuple[float | None, float | None]:
    """From which rate the loss falls, and where fastest: a loss shows what the step before it did."""
    losses = losses[: _turn(losses)]
    fallen = [n for n, loss in enumerate(losses) if loss <= losses[0] * (1 - _FALL)]
    if not fallen:
        return None, None
    # Over two steps, as one alone may jump; the second one's rate.
    drops = [losses[n] - losses[n + 2] for n in range(len(losses) - 2)] or [losses[0] - losses[-1]]
    falls_from, steepest = rates[fallen[0] - 1], rates[int(np.nanargmax(drops)) + 1]
    return min(falls_from, steepest), steepest
