"""Whether a network can learn a few examples by heart, and what it gets without looking at them."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from pawtrace.config.train_params import TrainParams
from pawtrace.learning.networks.model import Classifier
from pawtrace.learning.networks.phases import learning_rate_of, set_trainable
from pawtrace.learning.probes.gradients import jit_compile, state_kept
from pawtrace.learning.probes.sample import Sample, loss_and_accuracy, outputs_of
from pawtrace.running.processes import stop_if_interrupted

_LEARNED_LOSS = 0.01  # nats: every example is known by heart


def overfit(classifier: Classifier, train: TrainParams, sample: Sample, num_steps: int) -> dict[str, Any]:
    """Train on all of a few examples at once, as the first phase would, then without their images.

    Batch normalisation takes the averages of these examples, whatever its momentum: they are all
    there is.

    Args:
      classifier: its weights are put back; its normalisation is not for training any more.
      train: of the recipe.
      sample: to be learned, unaugmented, as many cats as dogs.
      num_steps: at most; less once the loss is below 0.01.
    Returns:
      num_examples, num_steps; loss (cross-entropy, nats) and accuracy on these examples in inference
      mode; blank_loss and blank_accuracy of a fresh copy that had their mean for every image.
    """
    set_trainable(classifier.backbone, train.phases[0].trainable)
    for layer in _normalizations(classifier.whole):
        layer.momentum = 0.0
    loss, accuracy = _learn(classifier, train, sample, num_steps)
    # Equal images: one of each label has the loss, the gradients and the averages of all of them.
    mean = sample.images.mean(axis=0).round().astype(np.uint8)
    blank = Sample(np.stack([mean, mean]), np.array([[0], [1]], np.float32))
    blank_loss, blank_accuracy = _learn(classifier, train, blank, num_steps)
    return {
        "num_examples": len(sample.images),
        "num_steps": num_steps,
        "loss": loss,
        "accuracy": accuracy,
        "blank_loss": blank_loss,
        "blank_accuracy": blank_accuracy,
    }


def _learn(classifier: Classifier, train: TrainParams, sample: Sample, num_steps: int) -> tuple[float, float]:
    phase, inputs, model = train.phases[0], sample.images, classifier.whole
    if phase.trainable == "none":
        inputs, model = outputs_of(classifier.trunk, sample.images, len(sample.images)), classifier.head
    learner = keras.Model(model.inputs, model.outputs)
    learner.compile(
        optimizer=keras.optimizers.Adam(learning_rate=learning_rate_of(phase, train)),
        loss=keras.losses.BinaryCrossentropy(label_smoothing=train.label_smoothing),
        jit_compile=jit_compile(),
    )
    with state_kept(classifier.whole):
        for _ in range(num_steps):
            step_loss = float(learner.train_on_batch(inputs, sample.labels))
            stop_if_interrupted()  # see Learner.begin_step
            if step_loss < _LEARNED_LOSS:
                break
        model(inputs, training=True)  # normalisation averages what the last step's weights give
        return loss_and_accuracy(sample.labels, outputs_of(model, inputs, len(inputs)))


def _normalizations(model: keras.Model) -> Iterator[keras.layers.BatchNormalization]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _normalizations(layer)
        elif isinstance(layer, keras.layers.BatchNormalization):
            yield layer
