"""Whether a network can memorise a few examples."""

from typing import Any

from pawtrace.learning.probes.few_pictures import FewPictures
from pawtrace.learning.probes.sample import Sample

_LEARNED_LOSS = 0.01  # nats: every example is known by heart


def overfit(few: FewPictures, sample: Sample, num_steps: int, fastest: float) -> dict[str, Any]:
    """Train on all of a few examples at once.

    Args:
      few: as it was built; so it is afterwards.
      sample: to be learned, unaugmented, as many cats as dogs.
      num_steps: at most; less once the loss is below 0.01.
      fastest: the learning rate to begin with; a tenth of it is tried, too, where that is too fast for
        so many steps in a row.
    Returns:
      num_examples, num_steps, learning_rate, the better of the two; loss (cross-entropy, nats) and
      accuracy on these examples in inference mode. Without their images no network gets below the loss
      of guessing, ln 2: there are as many cats as dogs.
    """
    rate = fastest
    loss, accuracy = _learn(few, sample, num_steps, rate)
    if accuracy != 1.0:  # NaN, too
        slower = _learn(few, sample, num_steps, fastest / 10)
        if not slower[0] >= loss:
            rate, (loss, accuracy) = fastest / 10, slower
    return {
        "num_examples": len(sample.images),
        "num_steps": num_steps,
        "learning_rate": rate,
        "loss": loss,
        "accuracy": accuracy,
    }


def _learn(few: FewPictures, sample: Sample, num_steps: int, rate: float) -> tuple[float, float]:
    inputs = few.inputs_of(sample)
    with few.untouched():
        for _ in range(num_steps):
            if few.step(inputs, sample.labels, rate) < _LEARNED_LOSS:
                break
        return few.outcome(inputs, sample.labels)
