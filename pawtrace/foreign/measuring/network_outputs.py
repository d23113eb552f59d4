"""Outputs of a network and of its layers: predictions, the signal of each block, the first layer's input."""

from collections.abc import Sequence
from itertools import takewhile

import keras
import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.dataset.examples.pixels import decode
from pawtrace.foreign.measuring.network import Network
from pawtrace.foreign.measuring.outputs import FEW_UNITS, Output, output_of, several_units
from pawtrace.foreign.measuring.trial import Trial
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.model_file import ModelFile
from pawtrace.foreign.reading.photos import Photos, stretched
from pawtrace.learning.networks.blocks import blocks_of
from pawtrace.learning.probes.gradients import state_kept
from pawtrace.learning.probes.sample import in_batches
from pawtrace.results.probe_results import Block

AT_ONCE = 16  # photos
_NUM_PHOTOS = 64
_AUGMENTS = "Random"  # how the names of Keras's augmenting layers begin
_SAME_ANSWER = 1e-3  # rounding
_SAME_RANGE = 0.3  # of the spread: how far resizing alone moves mean and spread, and then some
_STANDARD_MEAN, _STANDARD_STD = 0.5, (0.4, 2.5)  # of values that were standardised on other photos
_NUM_FOR_OUTPUT = 2  # photos, each in every convention: one batch
_NUM_FOR_SCALING = 4  # photos that tell what a model's scaling layers are made for
TWICE_STD = 0.03  # of what the first layer receives, if a photo was scaled twice: 0..1 has 0.25


def outputs_of(model: keras.Model, images: np.ndarray, *, training: bool = False) -> list[np.ndarray]:
    """Every output of a model for pictures: float32 (n, ...) each."""
    # In inference mode as a compiled graph, which is several times as fast for networks of many layers.
    ask = (lambda batch: model(batch, training=True)) if training else model.predict_on_batch
    parts = [keras.tree.flatten(ask(batch)) for batch in in_batches(images, AT_ONCE)]
    return [
        np.concatenate([np.asarray(value, np.float32) for value in of_all])
        for of_all in zip(*parts, strict=True)
    ]


def meaning_of_output(
    file: ModelFile, network: Network, encoded: Sequence[bytes], labelled: Photos | None = None
) -> Output:
    """What a model's output means, judged by its last layer or, if that is hidden, by some of its values.

    Of three to nine units, the labelled photos tell which ones are cats and dogs.

    Raises:
      TrainingError: the number of units fits no known set of classes.
    """
    values, compiled = None, file.compiled
    if labelled is not None and file.model.output_shape[-1] in FEW_UNITS:
        photos = labelled.first(AT_ONCE)
        images = photos.images(network.size_px)
        answers = (outputs_of(file.model, scaled(images, name))[0] for name in CONVENTIONS)
        return several_units(file.model, answers, photos.labels)
    if not network.shows_layers:
        few = _first(network, encoded, _NUM_FOR_OUTPUT)
        values = outputs_of(file.model, np.concatenate([scaled(few, name) for name in CONVENTIONS]))[0]
    return output_of(file.model, compiled.loss, from_logits=compiled.from_logits, values=values)


def draws_random_numbers(model: keras.Model, images: np.ndarray) -> bool:
    """Whether two predictions of the same pictures differ, because the model still augments its input."""
    first, second = outputs_of(model, images)[0], outputs_of(model, images)[0]
    return float(np.abs(first - second).max()) > _SAME_ANSWER


def blocks_and_dead_share(network: Network, images: np.ndarray) -> tuple[list[Block], float]:
    """The signal in each block, and the share of channels before the output that are zero on all photos."""
    inputs = keras.Input((*network.size_px, 3), dtype=network.inputs.dtype)
    blocks, _ = blocks_of(network.model, inputs)
    found = outputs_of(keras.Model(inputs, [block.tensor for block in blocks]), images)
    rows = []
    for block, values in zip(blocks, found, strict=True):
        std = float(values.std(dtype=np.float64))
        row = {"activation_mean": float(values.mean(dtype=np.float64)), "activation_std": std}
        rows.append(Block(name=block.name, **row, inference_std=std,
                          zero_share=float((values == 0).mean()), gradient_rms=None))  # fmt: skip
    before = [values for values in found[:-1] if values.shape[-1] > 1]
    dead = [float((values == 0).all(axis=tuple(range(values.ndim - 1))).mean()) for values in before]
    return rows, max(dead, default=0.0)


def convention_of(entry: np.ndarray, images: np.ndarray) -> str | None:
    """The convention that the values before the first layer that learns follow; None for another one."""
    if entry.shape != images.shape:
        return None
    for name in CONVENTIONS:
        expected = scaled(images, name)
        if np.abs(entry - expected).max() <= 0.02 * np.ptp(expected):
            return name
    return None


def made_for(network: Network, encoded: Sequence[bytes]) -> str | None:
    """The convention for which the scaling layers of a model are made; None if the layers do not show it.

    It is the only one that these layers turn into values as networks usually receive them:
    Rescaling(1 / 255) is made for 0..255, Rescaling(2, -1) for 0..1.

    Args:
      network: the model, taken apart.
      encoded: photos, JPEG or PNG; the first ones are used.
    """
    images, to_entry = _first(network, encoded, _NUM_FOR_SCALING), network.after_scaling()
    fitting = [
        name
        for name, convention in CONVENTIONS.items()
        if not convention.bgr and _is_usual(outputs_of(to_entry, scaled(images, name))[0], images)
    ]
    return fitting[0] if len(fitting) == 1 else None


def scaled_twice(network: Network, trials: Sequence[Trial], encoded: Sequence[bytes]) -> list[Trial]:
    """Those trials in which the scaling layers of a model leave hardly any contrast in its photos.

    Args:
      network: the model, taken apart.
      trials: of input scalings.
      encoded: photos, JPEG or PNG; the first ones are used.
    """
    images, to_entry = _first(network, encoded, _NUM_FOR_SCALING), network.after_scaling()

    def std_of(trial: Trial) -> float:
        return float(outputs_of(to_entry, scaled(images, trial.convention))[0].std())

    return [trial for trial in trials if std_of(trial) < TWICE_STD]


def _first(network: Network, encoded: Sequence[bytes], number: int) -> np.ndarray:
    """The first photos in the size that the network takes: uint8 (n, h, w, 3), RGB."""
    return np.stack([stretched(decode(each), network.size_px) for each in encoded[:number]])


def _is_usual(entry: np.ndarray, images: np.ndarray) -> bool:
    """Whether values have the mean and the spread of a convention's, or are standardised."""
    if abs(entry.mean()) < _STANDARD_MEAN and _STANDARD_STD[0] < entry.std() < _STANDARD_STD[1]:
        return True
    usual = (scaled(images, name) for name in CONVENTIONS)
    return any(
        max(abs(entry.mean() - each.mean()), abs(entry.std() - each.std())) < _SAME_RANGE * each.std()
        for each in usual
    )


def contrast_of(photos: Photos) -> float:
    """The contrast of the photos: standard deviation of the brightness on a grid of 8 x 8, 0..255."""
    grey = photos.first(_NUM_PHOTOS).images((8, 8)).astype(np.float64).mean(axis=-1)
    return float(grey.std())


def contrast_kept(network: Network, images: np.ndarray) -> float | None:
    """The share of the photos' contrast that the model's augmenting layers keep.

    If these layers change the brightness by far more than the contrast, the contrast counts as lost, too:
    the first layer that learns then sees hardly anything else than the brightness.

    Args:
      network: may have such layers before the first layer that learns.
      images: as the model is fed, float32 (n, h, w, 3).
    Returns:
      0 if all photos become blank, about 1 if they only move; None if there are no such layers, or all photos
      are blank before.
    """
    before = takewhile(lambda output: not getattr(output.layer, "weights", []), network.outputs)
    augmented = [output.tensor for output in before if type(output.layer).__name__.startswith(_AUGMENTS)]
    if not augmented:
        return None
    entry = keras.Model(network.inputs, augmented[-1])
    with state_kept(entry):
        greys = [outputs_of(entry, images, training=training)[0].mean(axis=-1) for training in (False, True)]
    within = [grey.std(axis=(1, 2)).mean() for grey in greys]  # the photos
    if not all(within):  # the photos themselves are blank, or all became so
        return 0.0 if within[0] else None
    visible = [spread / grey.std() for spread, grey in zip(within, greys, strict=True)]
    return float(min(within[1] / within[0], visible[1] / visible[0]))
