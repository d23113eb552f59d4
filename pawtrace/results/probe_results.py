"""What was measured of a network before and while it trained: probes.json and signals.json.

A number that was not finite is null there, and None here.
"""

from typing import Literal

from pawtrace.base.stage_outputs import StageOutput
from pawtrace.results.number_words import percent, plural

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


class Answers(StageOutput):
    """How a network does on some pictures, in one mode."""

    loss: Number  # cross-entropy, nats
    accuracy: Number


class Modes(StageOutput):
    """How it does on the same pictures in training mode and in inference mode."""

    num_examples: int
    training: Answers
    inference: Answers

    @property
    def lead_of_training(self) -> float:
        """How far the accuracy is higher in training mode; an accuracy that is not known counts as 0."""
        return (self.training.accuracy or 0.0) - (self.inference.accuracy or 0.0)


class Contrast(StageOutput):
    """How much is to be seen on the pictures: standard deviation of a coarse grid's brightness, 0..255."""

    plain: float
    augmented: float


class Convention(StageOutput):
    """How well the pretrained features serve where inputs follow a convention."""

    num_right: int
    right: str  # 0 or 1 for each example
    features_std: Number


class Judge(StageOutput):
    """What a linear classifier on pretrained features says of pictures that it was not fitted on."""

    ids: list[str]
    splits: list[str]
    labels: list[int]
    probabilities: list[float]  # P(dog)


class LinearProbe(StageOutput):
    """What a linear classifier gets out of the pretrained features, out of fold."""

    num_examples: int  # that conventions are compared on
    received: str  # names of conventions
    expected: str
    num_tried: int  # conventions; of a file's many only the most promising are compared on all examples
    conventions: dict[str, Convention]
    judges: dict[str, Judge]  # under the received and the expected convention


class RateRange(StageOutput):
    """The learning-rate range test on a few pictures."""

    rate: float  # the first phase's
    rates: list[float]
    losses: list[Number]
    falls_from: float | None
    steepest: float | None
    blows_up_at: float | None


class Block(StageOutput):
    """The signal in one block of the network, in the order in which it flows."""

    name: str
    activation_mean: Number
    activation_std: Number  # in training mode
    inference_std: Number
    zero_share: Number  # of the activations
    gradient_rms: Number  # of the loss by the weights; None also where a block has none


class OverfitProbe(StageOutput):
    """Whether the network can learn a few pictures by heart, as many cats as dogs."""

    num_examples: int
    num_steps: int
    learning_rate: float
    loss: Number
    accuracy: Number

    @property
    def in_words(self) -> str:
        """How many of the pictures the network can memorise."""
        return f"it memorises {percent(self.accuracy or 0.0)} of {plural(self.num_examples, 'picture')}"


class Probes(StageOutput):
    """All of probes.json."""

    num_examples: int
    initial: Modes
    input_range: InputRange
    contrast: Contrast
    blocks: list[Block]
    linear_probe: LinearProbe | None  # None: random weights
    rate_range: RateRange
    overfit: OverfitProbe


class BlockSignal(StageOutput):
    """How one block fares at the end of an epoch."""

    name: str
    update_ratio: Number  # RMS of the last step's change by the RMS of the weights
    gradient_rms: Number
    zero_share: Number  # of the activations


class EpochSignals(StageOutput):
    """The signals of one epoch, on the same few training pictures."""

    epoch: int
    training: Answers
    inference: Answers
    penalty_share: Number  # of the objective
    blocks: list[BlockSignal]


class Signals(StageOutput):
    """All of signals.json."""

    num_examples: int
    epochs: list[EpochSignals]  # those that were measured
    kept: Modes  # the model that was kept, on more pictures
