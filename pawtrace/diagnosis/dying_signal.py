"""The block of an untrained network at which the signal dies."""

from typing import NamedTuple

from pawtrace.results.number_words import decimal
from pawtrace.results.probe_results import Block

# The first layer's weights of a network for inputs of 0..255 are small: that alone is no weakness.
_USUAL_STD = 1.0


class DyingSignal(NamedTuple):
    """The first block whose activations vary far less than the inputs or those of a block before it."""

    block: Block
    before: str  # the block of the largest before it, or `the inputs`
    largest_std: float  # there
    std: float
    is_last: bool  # whether the block is the network's last one

    @property
    def words(self) -> str:
        """Where the signal dies, and how weak it is there; no full stop."""
        place = f"the last layer ({self.block.name})" if self.is_last else self.block.name
        return (
            f"The signal dies at {place}: there, activations have a standard deviation of "
            f"{decimal(self.std)} ({self.before}: {decimal(self.largest_std)})"
        )


def dying_signal(blocks: list[Block], ratio: float, of_inputs: float = 0.0) -> DyingSignal | None:
    """Where the signal dies on its way through the network.

    Args:
      blocks: in the order in which the signal passes them.
      ratio: how many times less than before the activations' standard deviation must be.
      of_inputs: the inputs' standard deviation; it counts as 1 at most. 0 if it is not known.
    Returns:
      None if the signal reaches the end.
    """
    before, largest, counted = "the inputs", of_inputs, counted_std(of_inputs)
    for block in blocks:
        std = block.activation_std
        if std is None:
            continue
        if counted > 0 and std * ratio <= counted:
            return DyingSignal(block, before, largest, std, is_last=block is blocks[-1])
        if std > counted:
            before, largest, counted = block.name, std, std
    return None


def counted_std(of_inputs: float) -> float:
    """What the inputs' standard deviation counts as."""
    return min(of_inputs, _USUAL_STD)
