"""What was measured of a network before it trained, as models/<recipe>/probes.json holds it.

A number that was not finite is null there, and None here.
"""

from typing import Literal

from pawtrace.base.stage_outputs import StageOutput

Number = float | None


class Spread(StageOutput):
    """The values that some pictures have, over all their pixels and channels."""

    min: Number
    max: Number
    mean: Number
    std: Number


class InputRange(StageOutput):
    """The inputs that reach the backbone, and those that its weights were trained with."""

    received: Spread
    expected: Spread
    weights: Literal["random", "imagenet", "file"]


class Block(StageOutput):
    """The signal in one block of the network, in the order in which it flows."""

    name: str
    activation_mean: Number
    activation_std: Number
    zero_share: Number  # of the activations
    gradient_rms: Number  # of the loss by the weights; None also where a block has none


class OverfitProbe(StageOutput):
    """Whether the network can learn a few pictures by heart, and the same with blank ones."""

    num_examples: int
    num_steps: int
    loss: Number
    accuracy: Number
    blank_loss: Number
    blank_accuracy: Number


class Probes(StageOutput):
    """All of probes.json."""

    num_examples: int
    initial_loss: Number
    input_range: InputRange
    blocks: list[Block]
    overfit: OverfitProbe
