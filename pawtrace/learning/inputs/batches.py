"""The order of the examples, and batches of them.

Every epoch's order is a permutation of (seed, epoch), so the state of the input is two numbers:
the epoch and the step. A batch depends on (seed, epoch, its place), not on those before it.
"""

import contextlib
from collections.abc import Iterator

import numpy as np
from joblib import cpu_count

from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.device import own_part
from pawtrace.learning.inputs.loader import Batch, Loader, Place
from pawtrace.learning.inputs.workers import ThreadWorkers


def shuffled_places(
    num_examples: int, batch_size: int, seed: int, epoch: int, first_step: int = 0
) -> list[Place]:
    """An epoch's batches in a shuffled order, all of one size, from a step on.

    A batch is never larger than the epoch: it would show examples twice in a step.

    The last batch is filled up with the epoch's first examples. Were it smaller, training steps of two
    shapes would be compiled, in an order that a resumed run could not repeat, and their results differ
    in the last digits.
    """
    batch_size = min(batch_size, num_examples)
    order = np.random.default_rng([seed, epoch]).permutation(num_examples)
    filled = np.resize(order, -(-num_examples // batch_size) * batch_size)  # repeats from the start
    return [Place(epoch, numbers) for numbers in filled.reshape(-1, batch_size)[first_step:]]


def plain_places(num_examples: int, batch_size: int, epoch: int = 0) -> list[Place]:
    """Batches in the order of the examples; the last one may be smaller."""
    numbers = np.arange(num_examples)
    starts = range(0, num_examples, batch_size)
    return [Place(epoch, numbers[start : start + batch_size]) for start in starts]


def plain_batches(
    records: Records, *, size_px: int, batch_size: int, view: View | None = None, epoch: int = 0
) -> Iterator[Batch]:
    """Batches in the order of the records, once: for validation and evaluation.

    Args:
      records: of any split.
      size_px: side of the images, pixels.
      batch_size: examples a batch; the last one may be smaller.
      view: augments an image; none for the images as they are.
      epoch: whose views to make.
    Yields:
      uint8 (b, size_px, size_px, 3) RGB and float32 (b, 1): 1 for a dog.
    """
    loader = Loader(records, size_px, view, part=own_part())
    with contextlib.closing(ThreadWorkers(loader, cpu_count())) as workers:
        yield from workers.batches(plain_places(len(records), batch_size, epoch))
