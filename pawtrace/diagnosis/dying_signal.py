"""The block of an untrained network at which the signal dies."""

from typing import NamedTuple

from pawtrace.results.probe_results import Block


class DyingSignal(NamedTuple):
    """The first block whose activations vary far less than the inputs or those of a block before it."""

    block: Block
    largest_std: float  # before it
    std: float


def dying_signal(blocks: list[Block], ratio: float, of_inputs: float = 0.0) -> DyingSignal | None:
    """Where the signal dies on its way through the network.

    Args:
      blocks: in the order in which the signal passes them.
      ratio: how many times less than before the activations' standard deviation must be.
      of_inputs: the inputs' standard deviation; 0 if it is not known.
    Returns:
      None if the signal reaches the end.
    """
    largest = of_inputs
    for block in blocks:
        std = block.activation_std
        if std is None:
            continue
        if largest > 0 and std * ratio <= largest:
            return DyingSignal(block, largest, std)
        largest = max(largest, std)
    return None
