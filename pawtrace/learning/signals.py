"""Signals: measurements of a network during training, for signals.json.

At the end of an epoch, the network predicts the same few training pictures in training mode and in inference
mode, so that the two can be compared; the epoch's last step shows how far one step moves the weights.
Sources: Karpathy 2019, "A Recipe for Training Neural Networks" (the ratio of update to weight);
Ioffe & Szegedy 2015 (what batch normalisation does differently in the two modes).
"""

import math
from typing import Any

import keras
import numpy as np

from pawtrace.base.stored_numbers import as_stored_or_null
from pawtrace.learning.checkpoints import assign, values_of
from pawtrace.learning.learner import Learner
from pawtrace.learning.networks.blocks import Block, blocks_of
from pawtrace.learning.optimizer import State, gradients_of_step, momenta_of
from pawtrace.learning.probes.sample import in_batches, loss_and_accuracy

_AT_ONCE = 32  # examples, with all their activations
_SHARE = 0.015  # of the pictures of an epoch: two forward passes cost up to two thirds of a step each
_KEPT_SHARE = 0.04  # of all images that were trained on, once
_MIN_EXAMPLES, _MAX_EXAMPLES = 16, 64
_MAX_KEPT_EXAMPLES = 128
_NUM_FEATURE_EPOCHS = 10  # in which a phase on kept features is measured: its epochs take milliseconds
Row = dict[str, Any]


def num_examples(num_train: int) -> int:
    """How many pictures an epoch's signals are measured on."""
    return max(_MIN_EXAMPLES, min(_MAX_EXAMPLES, round(_SHARE * num_train)))


def num_kept_examples(num_images: int) -> int:
    """The same for the model that is kept, by the number of images that went through the backbone."""
    return max(_MIN_EXAMPLES, min(_MAX_KEPT_EXAMPLES, round(_KEPT_SHARE * num_images)))


def is_measured(epoch: int, num_epochs: int, *, reads_images: bool) -> bool:
    """Whether a phase's epoch, counted from 1, is measured."""
    return reads_images or epoch % max(1, num_epochs // _NUM_FEATURE_EPOCHS) == 0 or epoch == num_epochs


class Meter:
    """Measures what a phase trains, at the end of its epochs."""

    def __init__(self, learner: Learner, inputs: np.ndarray, labels: np.ndarray) -> None:
        """Take the fixed examples.

        Args:
          learner: of the phase.
          inputs: (n, ...) as the learner's model takes them, unaugmented.
          labels: float32 (n, 1).
        """
        self._learner, self._inputs, self._labels = learner, inputs, labels
        entry = keras.Input(inputs.shape[1:], dtype=learner.model.inputs[0].dtype)
        self._blocks, output = blocks_of(learner.model, entry)
        self._network = keras.Model(entry, [*(block.tensor for block in self._blocks), output])
        self._before, self._rate = State([], []), 0.0

    def before_last_step(self) -> None:
        """Note what the epoch's last step is about to change."""
        self._before, self._rate = self._state(), self._learner.learning_rate

    def after_epoch(self) -> Row:
        """Measure.

        Returns:
          training and inference: loss (cross-entropy, nats) and accuracy on the fixed examples;
          penalty_share: of the objective on them, in training mode;
          blocks: of each that trains name, update_ratio (RMS of what the last step changed of the
          weights, by the RMS of the weights), gradient_rms of that step, and zero_share of the block's
          activations in inference mode. null: not finite.
        """
        self._learner.settle()
        after = self._state()
        gradients = gradients_of_step(self._learner.optimizer, self._before, after, self._rate)
        training, _ = self._answers(training=True)
        inference, zero_shares = self._answers(training=False)
        variables = self._learner.model.trainable_variables
        place = {id(variable): number for number, variable in enumerate(variables)}
        rows = []
        for block, zero_share in zip(self._blocks, zero_shares, strict=True):
            numbers = [place[id(v)] for v in block.weights if id(v) in place]
            if not numbers:
                continue
            moved = [after.weights[n] - self._before.weights[n] for n in numbers]
            size = _rms([self._before.weights[n] for n in numbers])
            row = {
                "name": block.name,
                "update_ratio": _rms(moved) / size if size else math.nan,
                "gradient_rms": _rms([gradients[n] for n in numbers]),
                "zero_share": zero_share,
            }
            rows.append(row)
        penalty = float(sum(float(value) for value in self._learner.model.losses))
        share = penalty / (penalty + training["loss"]) if penalty else 0.0
        measured = {"training": training, "inference": inference, "penalty_share": share, "blocks": rows}
        plain: Row = as_stored_or_null(measured)
        return plain

    def _state(self) -> State:
        self._learner.settle()
        model, optimizer = self._learner.model, self._learner.optimizer
        return State(values_of(model.trainable_variables), values_of(momenta_of(optimizer)))

    def _answers(self, *, training: bool) -> tuple[dict[str, float], list[float]]:
        return answers(self._network, self._blocks, self._inputs, self._labels, training=training)


def answers(
    network: keras.Model, blocks: list[Block], inputs: np.ndarray, labels: np.ndarray, *, training: bool
) -> tuple[dict[str, float], list[float]]:
    """How a network does on examples in a mode; afterwards it is what it was.

    Args:
      network: gives out each block's tensor and then P(dog).
      blocks: of the network.
      inputs: (n, ...).
      labels: float32 (n, 1).
      training: whether batch normalisation goes by the batch and dropout is on.
    Returns:
      loss and accuracy; the share of zeros that each block gives out.
    """
    others = network.non_trainable_variables  # moving averages, and the seeds of dropout
    saved_values = values_of(others)
    probabilities, zero_shares = [], np.zeros(len(blocks))
    for batch in in_batches(inputs, _AT_ONCE):
        *outputs, probability = keras.tree.flatten(network(batch, training=training))
        probabilities.append(keras.ops.convert_to_numpy(probability))
        if not training:
            shares = [float(keras.ops.mean(keras.ops.cast(output == 0, "float32"))) for output in outputs]
            zero_shares += len(batch) / len(inputs) * np.array(shares)
    assign(others, saved_values)
    loss, accuracy = loss_and_accuracy(labels, np.concatenate(probabilities))
    return {"loss": loss, "accuracy": accuracy}, zero_shares.tolist()


def modes_of(model: keras.Model, inputs: np.ndarray, labels: np.ndarray) -> Row:
    """How a whole model does on the same pictures in training mode and in inference mode.

    Returns:
      num_examples; training and inference: loss and accuracy.
    """
    network = keras.Model(model.inputs[0], model.outputs[0])
    modes = {
        name: answers(network, [], inputs, labels, training=mode)[0]
        for name, mode in (("training", True), ("inference", False))
    }
    plain: Row = as_stored_or_null({"num_examples": len(inputs), **modes})
    return plain


def _rms(arrays: list[np.ndarray]) -> float:
    if not arrays:
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        total = math.fsum(float(np.square(array, dtype=np.float64).sum()) for array in arrays)
    return math.sqrt(total / sum(array.size for array in arrays))
