"""Train a network on a few pictures at any learning rate, for the range test and the memorising probe."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from pawtrace.config.train_params import TrainParams
from pawtrace.learning.checkpoints import assign, values_of
from pawtrace.learning.loss import build_loss
from pawtrace.learning.networks.backbones import dropouts, normalizations
from pawtrace.learning.networks.model import Classifier
from pawtrace.learning.networks.phases import begin_phase
from pawtrace.learning.optimizer import plain_optimizer
from pawtrace.learning.probes.gradients import jit_compile, state_kept
from pawtrace.learning.probes.sample import Sample, loss_and_accuracy, outputs_of
from pawtrace.running.processes import stop_if_interrupted


class FewPictures:
    """Takes steps on all of a few pictures at once, as the first phase would, and forgets them again.

    It is compiled once, whatever the rate and the pictures. Batch normalisation that is not frozen takes
    the averages of these pictures, whatever its momentum: they are all there is. Dropout is off: its noise
    would hide whether the loss falls.
    """

    def __init__(self, classifier: Classifier, train: TrainParams) -> None:
        """Take a classifier, whose normalisation and dropout are not for training any more."""
        phase = train.phases[0]
        begin_phase(classifier.backbone, phase, train)
        for layer in normalizations(classifier.whole):
            layer.momentum = 0.0
        for layer in dropouts(classifier.whole):
            layer.rate = 0.0
        self._classifier, self._is_frozen = classifier, phase.trainable == "none"
        self._model = classifier.head if self._is_frozen else classifier.whole
        self._learner = keras.Model(self._model.inputs, self._model.outputs)
        self._learner.compile(
            optimizer=plain_optimizer(train, learning_rate=1e-3),
            loss=build_loss(train),
            jit_compile=jit_compile(),
        )
        self._learner.optimizer.build(self._learner.trainable_variables)

    def inputs_of(self, sample: Sample) -> np.ndarray:
        """What the trained part takes of the pictures: themselves, or their features."""
        if not self._is_frozen:
            return sample.images
        return outputs_of(self._classifier.trunk, sample.images, len(sample.images))

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Restore weights and optimizer when the block ends."""
        variables = self._learner.optimizer.variables
        saved_values = values_of(variables)
        with state_kept(self._classifier.whole):
            yield
        assign(variables, saved_values)

    def step(self, inputs: np.ndarray, labels: np.ndarray, rate: float) -> float:
        """Take a step; return the loss before it, in training mode."""
        self._learner.optimizer.learning_rate = rate
        loss = float(self._learner.train_on_batch(inputs, labels))
        stop_if_interrupted()  # see Learner.begin_step
        return loss

    def outcome(self, inputs: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Loss (cross-entropy, nats) and accuracy on the pictures in inference mode."""
        self._model(inputs, training=True)  # normalisation averages what the last step's weights give
        return loss_and_accuracy(labels, outputs_of(self._model, inputs, len(inputs)))
