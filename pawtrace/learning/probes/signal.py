"""The strength of the signal through an untrained network: activations and gradients."""

import math
from typing import Any

import keras
import numpy as np

from pawtrace.config.train_params import TrainParams
from pawtrace.learning.loss import build_loss
from pawtrace.learning.networks.blocks import blocks_of
from pawtrace.learning.networks.model import Classifier
from pawtrace.learning.networks.phases import begin_phase, set_trainable
from pawtrace.learning.probes.gradients import gradients_of, state_kept
from pawtrace.learning.probes.sample import Sample, in_batches


def measure_blocks(
    classifier: Classifier, train: TrainParams, sample: Sample, batch_size: int
) -> list[dict[str, Any]]:
    """Spread of the activations and size of the gradients, from the first block to the logit.

    Gradients are those of a training of everything, in training mode.

    Args:
      classifier: fresh; afterwards what the first phase trains is trainable.
      train: of the recipe.
      sample: what goes through the network.
      batch_size: examples at once.
    Returns:
      Of each block: name (of its last layer); activation_mean, activation_std and zero_share over all
      values that this layer gives out in the first phase's training mode: in a backbone that it trains,
      batch normalisation goes by the batch; inference_std, the spread in inference mode; gradient_rms
      over all weights of the block, none without weights.
    """
    set_trainable(classifier.backbone, "all")
    inputs = keras.Input(sample.images.shape[1:], dtype="uint8")
    blocks, _ = blocks_of(classifier.whole, inputs)
    gradients = gradients_of(classifier.whole, sample.images, sample.labels, build_loss(train), batch_size)
    gradient_of = {
        id(variable): gradient
        for variable, gradient in zip(classifier.whole.trainable_variables, gradients, strict=True)
    }
    begin_phase(classifier.backbone, train.phases[0], train)
    network = keras.Model(inputs, [block.tensor for block in blocks])
    with state_kept(classifier.whole):
        in_training = _activations(network, sample.images, batch_size, training=True)
    in_inference = _activations(network, sample.images, batch_size, training=False)
    return [
        {
            "name": block.name,
            **activation,
            "inference_std": inference["activation_std"],
            "gradient_rms": _rms([gradient_of[id(variable)] for variable in block.weights]),
        }
        for block, activation, inference in zip(blocks, in_training, in_inference, strict=True)
    ]


def _activations(
    network: keras.Model, images: np.ndarray, batch_size: int, *, training: bool
) -> list[dict[str, float]]:
    """Mean, standard deviation and share of zeros of each output, over all batches."""
    totals = np.zeros((len(network.outputs), 3))  # mean, mean of squares, share of zeros
    for batch in in_batches(images, batch_size):
        outputs = network(batch, training=training)
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
