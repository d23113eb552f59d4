"""How the signal fares on its way through an untrained network: inputs, activations, gradients."""

import math
from typing import Any, NamedTuple

import keras
import numpy as np

from pawtrace.config.train_params import BACKBONES, TrainParams
from pawtrace.learning.networks.backbones import input_scaling
from pawtrace.learning.networks.model import Classifier
from pawtrace.learning.networks.phases import set_trainable
from pawtrace.learning.probes.gradients import gradients_of, state_kept
from pawtrace.learning.probes.layer_outputs import LayerOutput, layer_outputs, side_px
from pawtrace.learning.probes.sample import Sample, in_batches


class Block(NamedTuple):
    """The layers of one spatial resolution, or one dense layer of the head."""

    name: str  # of the last layer
    tensor: keras.KerasTensor  # that it gives out
    weights: list[keras.Variable]  # of all the layers


def input_range(train: TrainParams, images: np.ndarray) -> dict[str, Any]:
    """What the backbone receives of some images, and what its weights expect of them.

    Args:
      train: of the recipe.
      images: uint8 (n, s, s, 3), RGB.
    Returns:
      `received` and `expected`: min, mean, max and std over all values of the scaled images, by the
      recipe's scaling and by the backbone's own; `weights`: random, imagenet or file.
    """
    as_expected = train.model_copy(update={"input_scaling": "backbone"})
    return {
        "received": _scaled_range(train, images),
        "expected": _scaled_range(as_expected, images),
        "weights": _kind_of_weights(train),
    }


def measure_blocks(
    classifier: Classifier, train: TrainParams, sample: Sample, batch_size: int
) -> list[dict[str, Any]]:
    """Spread of the activations and size of the gradients, from the first block to the logit.

    Activations are those of the first phase's training: in a backbone that it trains, batch
    normalisation goes by the batch. Gradients are those of a training of everything.

    Args:
      classifier: fresh; afterwards what the first phase trains is trainable.
      train: of the recipe.
      sample: what goes through the network.
      batch_size: examples at once.
    Returns:
      Of each block: name (of its last layer), activation_mean, activation_std and zero_share over
      all values that this layer gives out, and gradient_rms over all weights of the block; none
      without weights.
    """
    set_trainable(classifier.backbone, "all")
    inputs = keras.Input(sample.images.shape[1:], dtype="uint8")
    blocks = _blocks(classifier, inputs)
    loss = keras.losses.BinaryCrossentropy(label_smoothing=train.label_smoothing)
    gradients = gradients_of(classifier.whole, sample.images, sample.labels, loss, batch_size)
    gradient_of = {
        id(variable): gradient
        for variable, gradient in zip(classifier.whole.trainable_variables, gradients, strict=True)
    }
    set_trainable(classifier.backbone, train.phases[0].trainable)
    network = keras.Model(inputs, [block.tensor for block in blocks])
    with state_kept(classifier.whole):
        activations = _activations(network, sample.images, batch_size)
    return [
        {
            "name": block.name,
            **activation,
            "gradient_rms": _rms([gradient_of[id(variable)] for variable in block.weights]),
        }
        for block, activation in zip(blocks, activations, strict=True)
    ]


def _scaled_range(train: TrainParams, images: np.ndarray) -> dict[str, float]:
    inputs = keras.Input(images.shape[1:], dtype="uint8")
    scaling = keras.Model(inputs, input_scaling(train, inputs))
    values = keras.ops.convert_to_numpy(scaling(images)).astype(np.float64)
    return {name: float(getattr(values, name)()) for name in ("min", "mean", "max", "std")}


def _kind_of_weights(train: TrainParams) -> str:
    if train.weights is None and train.backbone in BACKBONES:
        return "random"
    return "imagenet" if train.weights == "imagenet" else "file"


def _blocks(classifier: Classifier, inputs: keras.KerasTensor) -> list[Block]:
    outputs = layer_outputs(classifier.whole, inputs)
    maps = [output for output in outputs if side_px(output.tensor)]
    last_side_px = side_px(maps[-1].tensor)
    maps_by_size: dict[tuple[int, ...], list[LayerOutput]] = {}
    for output in maps:
        # A smaller map than the last one belongs to a side branch: squeeze and excitation.
        if side_px(output.tensor) >= last_side_px:
            maps_by_size.setdefault(tuple(output.tensor.shape[1:3]), []).append(output)
    blocks = [_block(layers) for layers in maps_by_size.values()]
    # Padding alone makes a resolution of its own, but no block.
    blocks = [block for block in blocks if block.weights or block.tensor is maps[-1].tensor]
    dense = {id(layer) for layer in classifier.head.layers if isinstance(layer, keras.layers.Dense)}
    return blocks + [_block([output]) for output in outputs if id(output.layer) in dense]


def _block(layers: list[LayerOutput]) -> Block:
    # An operation such as `keras.ops.flip` stands among the layers and has no weights.
    weights = [v for output in layers for v in getattr(output.layer, "trainable_variables", [])]
    return Block(layers[-1].layer.name, layers[-1].tensor, weights)


def _activations(network: keras.Model, images: np.ndarray, batch_size: int) -> list[dict[str, float]]:
    """Mean, standard deviation and share of zeros of each output, over all batches, in training mode."""
    totals = np.zeros((len(network.outputs), 3))  # mean, mean of squares, share of zeros
    for batch in in_batches(images, batch_size):
        outputs = network(batch, training=True)
        totals += len(batch) / len(images) * np.array([_moments(output) for output in outputs])
    means, means_of_squares, zero_shares = totals.T
    with np.errstate(invalid="ignore", over="ignore"):  # an exploding network is a finding
        deviations = np.sqrt(np.maximum(0, means_of_squares - means**2))
    return [
        {"activation_mean": mean, "activation_std": deviation, "zero_share": zero_share}
        for mean, deviation, zero_share in zip(
            means.tolist(), deviations.tolist(), zero_shares.tolist(), strict=True
        )
    ]


def _moments(values: keras.KerasTensor) -> tuple[float, float, float]:
    ops = keras.ops
    values = ops.cast(values, "float32")
    mean, variance = float(ops.mean(values)), float(ops.var(values))
    return mean, variance + mean**2, float(ops.mean(ops.cast(values == 0, "float32")))


def _rms(gradients: list[np.ndarray]) -> float | None:
    if not gradients:
        return None
    sum_of_squares = sum(float(np.square(gradient, dtype=np.float64).sum()) for gradient in gradients)
    return math.sqrt(sum_of_squares / sum(gradient.size for gradient in gradients))
