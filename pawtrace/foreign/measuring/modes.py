"""How a model does on the same photos in training mode and in inference mode."""

import keras
import numpy as np

from pawtrace.foreign.measuring.feeding import Feeding, p_dog
from pawtrace.foreign.measuring.network import Network
from pawtrace.foreign.measuring.network_outputs import outputs_of
from pawtrace.foreign.measuring.outputs import Output
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos
from pawtrace.learning.networks.backbones import normalizations
from pawtrace.learning.probes.gradients import state_kept
from pawtrace.learning.probes.sample import loss_and_accuracy
from pawtrace.results.probe_results import Answers, Modes


def modes_in_both(
    whole: keras.Model,
    network: Network,
    output: Output,
    feeding: Feeding,
    shown: Photos,
    test: Photos | None,
) -> tuple[Modes | None, Modes | None]:
    """How the model does in both modes on photos; on as many of test, if training mode is better."""
    if not network.shows_layers:
        return None, None

    def modes_on(photos: Photos) -> Modes:
        images = scaled(photos.images(network.size_px), feeding.convention)
        return _modes(whole, output, feeding, images, photos.labels)

    modes = modes_on(shown)
    if test is None or modes.lead_of_training <= 0:
        return modes, None
    return modes, modes_on(test.first(len(shown.ids)))


def _modes(
    whole: keras.Model, output: Output, feeding: Feeding, images: np.ndarray, labels: np.ndarray
) -> Modes:
    """How the model does on the same photos in both modes; without batch normalisation they are the same."""
    found = {}
    differs = any(True for _ in normalizations(whole))
    for mode in ("training", "inference"):
        with state_kept(whole):
            answers = outputs_of(whole, images, training=mode == "training" and differs)[0]
        loss, accuracy = loss_and_accuracy(labels[:, None], p_dog(output, feeding, answers)[:, None])
        # The order of the classes is that of inference mode; where that is at chance, either may be right.
        accuracy = accuracy if feeding.is_certain else max(accuracy, 1 - accuracy)
        found[mode] = Answers(loss=loss, accuracy=accuracy)
    return Modes(num_examples=len(images), **found)
