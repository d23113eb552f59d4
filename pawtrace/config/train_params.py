"""The `train` section of params.yaml: everything that a recipe may override of the baseline."""

import itertools
import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, field_validator, model_validator

from pawtrace.config.conventions import InputScaling
from pawtrace.config.sections import Count, FilePath, Section, Seed

LearningRate = Annotated[float, Field(gt=0, le=10)]
NonNegative = Annotated[float, Field(ge=0)]
# Training holds a weight, its gradient, two moments of Adam and the best epoch's value, four bytes each.
BYTES_PER_WEIGHT = 20
_MAX_HEAD_BYTES = 2**40  # no machine has so much memory; pawtrace.learning asks how much this one has
# The backbones of keras.applications that we know, and the smallest image that each takes.
BACKBONES = {"vgg16": 32, "mobilenet_v2": 32, "efficientnet_b0": 32}  # they halve the image five times
Units = Annotated[int, Field(ge=1, lt=2**63)]
# YAML has lists only; a tuple keeps the section frozen.
NotStrict = Strict(False)


class Phase(Section):
    """A part of the training in which the same layers of the backbone are trainable."""

    trainable: Annotated[
        str, Field(min_length=1, max_length=200)
    ]  # none, all, or the first trainable layer: block5, say, and all that follow
    num_epochs: Count  # at most; early stopping may end the phase sooner
    learning_rate: LearningRate | None = None  # train.learning_rate when not given


class Head(Section):
    """The layers after the backbone; one unit with a sigmoid, P(dog), always ends it."""

    pooling: Literal["flatten", "average", "max"]
    units: Annotated[tuple[Units, ...], NotStrict, Field(max_length=100)]  # of the dense layers in between
    dropout: Annotated[float, Field(ge=0, lt=1)]  # after each dense layer
    l1: NonNegative
    l2: NonNegative

    def num_weights(self, num_features: int) -> int:
        """How many weights the head has on so many features, biases included."""
        sizes = (num_features, *self.units, 1)
        return sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(sizes))

    @field_validator("units")
    @classmethod
    def _can_be_held(cls, units: tuple[int, ...]) -> tuple[int, ...]:
        num_weights = sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise((1, *units, 1)))
        if num_weights * BYTES_PER_WEIGHT > _MAX_HEAD_BYTES:
            needed = num_weights * BYTES_PER_WEIGHT
            raise ValueError(
                f"expected a head that fits into some machine's memory, found {num_weights:,} weights or "
                f"more, which take {needed / 1e9:,.0f} GB in training; name fewer units"
            )
        return units


class EarlyStopping(Section):
    """When a phase ends before its last epoch: no better validation loss for so many epochs."""

    patience: Count
    min_delta: NonNegative


class Schedule(Section):
    """How the learning rate moves within a phase; it starts anew in each."""

    warmup_epochs: Annotated[
        float, Field(ge=0, le=1_000_000)
    ]  # from 0 up to the phase's learning rate, step by step
    decay: Literal["none", "cosine"]  # after that: it stays, or falls to 0 at the phase's last step


class Transform(Section):
    """One Albumentations transform: its name and its arguments."""

    name: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]*$", max_length=100)]
    arguments: dict[str, Any] = {}

    @field_validator("arguments")
    @classmethod
    def _plain(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(arguments, allow_nan=False)  # as the stage `resolve` will write them
        except (ValueError, TypeError) as error:
            raise ValueError(f"expected finite numbers, words, lists and mappings: {error}") from None
        return arguments


class TrainParams(Section):
    """The baseline, or a recipe once its overrides are laid over it."""

    seed: Seed
    num_seeds: Annotated[int, Field(ge=1, le=100)]  # runs with seed, seed + 1, ...; the first one is kept
    device: Literal["auto", "gpu", "cpu"]
    precision: Literal["auto", "float32", "bfloat16", "float16"]
    xla: Literal["auto", "always", "never"]  # JAX always compiles; see learning/device.py
    image_size_px: Annotated[int, Field(ge=16, le=2048)]  # side of the square that a model sees
    backbone: FilePath  # one of BACKBONES, or the path of a .keras file: RGB 0..255 in, feature map out
    weights: FilePath | None  # null (random), imagenet, or a weights file
    initializer: Literal["glorot_uniform", "he_normal"]  # of a backbone with random weights
    batch_normalization: bool  # after every convolution of vgg16; needs random weights
    batch_normalization_momentum: Annotated[float, Field(ge=0, lt=1)]  # of the moving averages
    # Of every batch normalisation in the backbone; None: as the backbone was made.
    normalization_momentum: Annotated[float, Field(ge=0, lt=1)] | None = None
    # Batch normalisation keeps the averages of pretraining while a phase fine-tunes the backbone.
    freeze_normalization: bool = False
    input_scaling: InputScaling  # backbone: as its weights expect; else a convention by name
    head: Head
    augmentation: Annotated[tuple[Transform, ...], NotStrict]
    # Augmented views of each example while the whole backbone is frozen; their features are kept.
    num_views: Annotated[int, Field(ge=1, le=1000)]
    # Of the Beta distribution that mixes pairs of examples; 0: no mixup.
    mixup_alpha: Annotated[float, Field(ge=0, le=1000)]
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    class_weights: Literal["none", "balanced"] = "none"  # balanced: both labels weigh the same in the loss
    optimizer: Literal["adam", "adamw", "sgd"]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9  # of sgd
    weight_decay: NonNegative = 0.004  # of adamw; Keras's default
    learning_rate: LearningRate
    schedule: Schedule
    layerwise_decay: Annotated[float, Field(gt=0, le=1)]  # first layer's share of the learning rate
    ema_momentum: Annotated[float, Field(ge=0, lt=1)]  # of the weights' moving average; 0: none
    phases: Annotated[tuple[Phase, ...], NotStrict, Field(min_length=1)]
    early_stopping: EarlyStopping | None

    @field_validator("backbone")
    @classmethod
    def _known_backbone(cls, backbone: str) -> str:
        if backbone not in BACKBONES and not backbone.endswith(".keras"):
            raise ValueError(f"expected {', '.join(BACKBONES)} or the path of a .keras file")
        return backbone

    @model_validator(mode="after")
    def _buildable(self) -> Self:
        plain_vgg16 = self.weights is None and self.backbone == "vgg16"
        if self.batch_normalization and not plain_vgg16:
            raise ValueError("batch_normalization: expected false: only vgg16 with weights null can have it")
        if self.initializer != "glorot_uniform" and not plain_vgg16:
            raise ValueError(
                "initializer: expected glorot_uniform: only vgg16 with weights null has other initialisers"
            )
        if self.freeze_normalization and self.backbone in BACKBONES and self.weights is None:
            raise ValueError(
                "freeze_normalization: expected false: with weights null there are no averages to keep"
            )
        if self.backbone not in BACKBONES and self.weights == "imagenet":
            raise ValueError("weights: expected null or a file: a .keras backbone brings its own weights")
        min_size_px = BACKBONES.get(self.backbone, 0)
        if self.image_size_px < min_size_px:
            raise ValueError(
                f"image_size_px: expected at least {min_size_px} for {self.backbone}, "
                f"found {self.image_size_px}"
            )
        return self
