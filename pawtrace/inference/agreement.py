"""Check that an exported model predicts the same as its original, on the same test examples."""

from typing import NamedTuple

import numpy as np

from pawtrace.base.errors import TrainingError
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.shards import Records
from pawtrace.evaluation.predictions import THRESHOLD

NUM_EXAMPLES = 256  # at most
# Of P(dog). The runtimes add in another order, which moved the seventh digit of real models; a layer that is
# converted wrongly moves the first.
SAME_PRECISION_TOLERANCE = 1e-4
# bfloat16 has three digits; a real model moved by 0.004 at most.
OTHER_PRECISION_TOLERANCE = 0.05


class DisagreementError(TrainingError):
    """The predictions of an export differ from those of its original."""


class Agreement(NamedTuple):
    """The largest differences in P(dog) on some examples."""

    num_examples: int
    from_float32: float  # of the export from the model computed in float32
    from_original: float  # of the export from the model as it was saved
    num_other_class: int  # examples that the export calls otherwise than the model as it was saved


def some_squares(records: Records, size_px: int) -> np.ndarray:
    """Squares of examples all over a split, as they come by class: uint8 (n, size_px, size_px, 3), RGB."""
    numbers = np.unique(np.linspace(0, len(records) - 1, NUM_EXAMPLES).astype(int))
    return np.stack([square(records[int(number)], size_px) for number in numbers])


def check_agreement(exported: np.ndarray, float32: np.ndarray, original: np.ndarray) -> Agreement:
    """Compare the predictions of an export with those of its original.

    Args:
      exported: P(dog) by the export, (n,).
      float32: by the model, computed in float32.
      original: by the model as it was saved.
    Raises:
      DisagreementError: they do not agree.
    """
    agreement = Agreement(
        len(exported),
        float(np.abs(exported - float32).max()),
        float(np.abs(exported - original).max()),
        int(np.sum((exported >= THRESHOLD) != (original >= THRESHOLD))),
    )
    for model, largest, tolerance in (
        ("the model in float32", agreement.from_float32, SAME_PRECISION_TOLERANCE),
        ("the model", agreement.from_original, OTHER_PRECISION_TOLERANCE),
    ):
        if not largest <= tolerance:  # NaN too
            raise DisagreementError(
                f"expected an export that agrees with {model} to {tolerance:g} on {agreement.num_examples} "
                f"test pictures, found a P(dog) that differs by {largest:.2g}; the export is deleted"
            )
    return agreement
