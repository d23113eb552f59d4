"""All that is measured of a model, in an order and an amount that fit into a minute.

Arrives: a model and photos. Leaves: `Measured`.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.perceptual_hash import with_mirrored
from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.splitting.linear_baseline import choose_examples, linear_baseline
from pawtrace.dataset.splitting.overlap import find_overlap
from pawtrace.dataset.splitting.splits import Membership
from pawtrace.evaluation.predictions import Predictions
from pawtrace.foreign.array_values import scaled
from pawtrace.foreign.defaults import probe_params
from pawtrace.foreign.features import probe_of
from pawtrace.foreign.feeding import Feeding, find_feeding
from pawtrace.foreign.model_file import ModelFile
from pawtrace.foreign.network import Network, network_of, untrained_share
from pawtrace.foreign.outputs import Output, output_of
from pawtrace.foreign.photos import Photos
from pawtrace.learning.networks.backbones import normalizations
from pawtrace.learning.networks.blocks import blocks_of
from pawtrace.learning.probes.gradients import state_kept
from pawtrace.learning.probes.sample import in_batches, loss_and_accuracy
from pawtrace.results.data_summary import Baseline
from pawtrace.results.probe_results import Answers, Block, LinearProbe, Modes

_AT_ONCE = 16  # photos
_ANSWERS_S, _TRAIN_S, _FEATURES_S = 18.0, 8.0, 12.0  # of the minute, on a slow computer
_TRIALS_S, _PASSES = 14.0, 16  # passes of the first photos through the network, to find the convention
_MIN_PHOTOS, _MIN_FEATURES, _MAX_FEATURES = 64, 160, 400
_FEATURES_PX = 128  # side: a trunk tells conventions apart on small pictures too
_NUM_MODES = 64  # photos that are shown in both modes
_FREE_PX = (224, 224)  # for a model that takes any size
Say = Callable[[str], None]


class Measured(NamedTuple):
    """What was measured of a model."""

    file: ModelFile
    network: Network
    output: Output
    feeding: Feeding
    received: str | None  # by the trunk: the name of a convention, where it follows one
    entry_std: float  # of the values that the first layer that learns receives
    inner_scaling: bool  # whether layers of the model scale its input
    test_photos: Photos
    test: Predictions
    train: Predictions | None
    like_train: set[str] | None  # ids of test photos that look like a train photo
    baseline: Baseline | None
    modes: Modes
    blocks: list[Block]
    dead_share: float  # of the channels before the output: zero on all photos
    contrast: float  # of the photos, 0..255
    linear_probe: LinearProbe | None
    untrained_trunk: float | None  # the share of the trunk's kernels that are as initialised
    untrained_head: float | None


def measure(file: ModelFile, test: Photos, train: Photos | None, say: Say) -> Measured:
    """Measure a model; its weights are finite.

    Args:
      file: the model.
      test: photos that it was not trained on.
      train: photos that it was trained on, where they are at hand.
      say: is told what is being done.
    Raises:
      TrainingError: its output fits no known set of classes.
    """
    network = network_of(file.model, _FREE_PX)
    compiled = file.compiled
    output = output_of(file.model, compiled.loss, from_logits=compiled.from_logits)
    whole = network.with_features()
    seconds_each = _seconds_each(whole, network)
    num_first = 16 if 16 * seconds_each * _PASSES < _TRIALS_S else 8
    say(f"how does it want its input? {len(CONVENTIONS)} conventions on up to {4 * num_first} photos")
    feeding = find_feeding(
        lambda images: _outputs(whole, images)[0], network.size_px, output, train or test, num_first
    )
    num_answers = _affordable(_ANSWERS_S, seconds_each, len(test.ids))
    say(f"answers to {num_answers} of {len(test.ids)} test photos")
    all_test, test = test, test.first(num_answers)
    predictions, features = _predicted(whole, network, output, feeding, test)
    train_predictions, like_train = None, None
    if train is not None:
        num_train = _affordable(_TRAIN_S, seconds_each, len(train.ids))
        say(
            f"answers to {num_train} of {len(train.ids)} training photos; copies of them among the test photos"
        )
        train_predictions, _ = _predicted(whole, network, output, feeding, train.first(num_train))
        like_train = _like_train(train, test)
    say("signal, modes and features")
    shown = (train or test).first(_NUM_MODES)
    images = scaled(shown.images(network.size_px), feeding.convention)
    blocks, dead_share = _blocks(network, images[:_AT_ONCE])
    entry = _outputs(network.after_scaling(), images[:4])[0]
    received = _name_of(entry, shown.first(4).images(network.size_px))
    untrained = untrained_share(network.trunk_layers)
    linear_probe = None
    if network.num_trunk and untrained is not None and untrained < 0.5:
        linear_probe = _linear_probe(network, features, received, seconds_each, all_test)
    return Measured(
        file,
        network,
        output,
        feeding,
        received,
        float(entry.std()),
        bool(network.num_scaling) and received != feeding.convention,
        test,
        predictions,
        train_predictions,
        like_train,
        _baseline(train or test),
        _modes(whole, output, feeding, images, shown.labels),
        blocks,
        dead_share,
        _contrast(test),
        linear_probe,
        untrained,
        untrained_share(network.head_layers),
    )


def _outputs(model: keras.Model, images: np.ndarray, *, training: bool = False) -> list[np.ndarray]:
    """Every output of a model for pictures: float32 (n, ...) each."""
    parts = [keras.tree.flatten(model(batch, training=training)) for batch in in_batches(images, _AT_ONCE)]
    as_arrays = [
        [keras.ops.convert_to_numpy(keras.ops.cast(value, "float32")) for value in part] for part in parts
    ]
    return [np.concatenate(values) for values in zip(*as_arrays, strict=True)]


def _seconds_each(model: keras.Model, network: Network) -> float:
    """How long the model takes for a photo, once it is warm."""
    blank = np.zeros((8, *network.size_px, 3), np.float32)
    model(blank, training=False)
    start = time.perf_counter()
    model(blank, training=False)
    return (time.perf_counter() - start) / len(blank)


def _affordable(seconds: float, seconds_each: float, number: int) -> int:
    return min(number, max(_MIN_PHOTOS, int(seconds / max(seconds_each, 1e-6))))


def _predicted(
    whole: keras.Model, network: Network, output: Output, feeding: Feeding, photos: Photos
) -> tuple[Predictions, np.ndarray | None]:
    """The model's predictions for photos, and the trunk's features, float32 (n, c)."""
    found = []
    for start in range(0, len(photos.ids), _AT_ONCE):
        part = photos._replace(encoded=photos.encoded[start : start + _AT_ONCE])
        found.append(_outputs(whole, scaled(part.images(network.size_px), feeding.convention)))
    answers, *features = (np.concatenate(values) for values in zip(*found, strict=True))
    p_dog = _p_dog(output, feeding, answers)
    return Predictions(photos.ids, photos.labels, p_dog), features[0] if features else None


def _p_dog(output: Output, feeding: Feeding, answers: np.ndarray) -> np.ndarray:
    probabilities = np.nan_to_num(output.probability(answers), nan=0.5)
    return 1 - probabilities if feeding.best.dog_first else probabilities


def _like_train(train: Photos, test: Photos) -> set[str]:
    names = {f"{split}/{id}": encoded for split, photos in (("train", train), ("test", test))
             for id, encoded in zip(photos.ids, photos.encoded, strict=True)}  # fmt: skip
    hashes = {name: with_mirrored(decode(encoded)) for name, encoded in names.items()}
    splits = {"train": [n for n in names if n.startswith("train/")], "validation": [],
              "test": [n for n in names if n.startswith("test/")]}  # fmt: skip
    overlaps = find_overlap(splits, hashes, probe_params().overlap_distance)
    return {overlap.id.removeprefix("test/") for overlap in overlaps}


def _baseline(photos: Photos) -> Baseline | None:
    """How well a linear classifier on edges does, out of fold."""
    members = [
        Membership(id=id, label=LABELS[label], group=id)
        for id, label in zip(photos.ids, photos.labels, strict=True)
    ]
    raw = [RawExample(id, int(label), encoded) for id, label, encoded in zip(*photos[:3], strict=True)]
    found = linear_baseline(raw, choose_examples(members, seed=0))
    return None if found is None else Baseline(num_examples=found.num_examples, num_right=found.num_right)


def _modes(
    whole: keras.Model, output: Output, feeding: Feeding, images: np.ndarray, labels: np.ndarray
) -> Modes:
    """How the model does on the same photos in both modes, its batch normalisation alone in training mode."""
    found = {}
    layers = list(normalizations(whole))
    for mode in ("training", "inference"):
        with state_kept(whole):
            answers = _outputs(whole, images, training=mode == "training" and bool(layers))[0]
        loss, accuracy = loss_and_accuracy(labels[:, None], _p_dog(output, feeding, answers)[:, None])
        found[mode] = Answers(loss=loss, accuracy=accuracy)
    return Modes(num_examples=len(images), **found)


def _blocks(network: Network, images: np.ndarray) -> tuple[list[Block], float]:
    """The signal in each block, and the share of channels before the output that are zero on all photos."""
    inputs = keras.Input((*network.size_px, 3), dtype=network.inputs.dtype)
    blocks, _ = blocks_of(network.model, inputs)
    found = _outputs(keras.Model(inputs, [block.tensor for block in blocks]), images)
    rows = []
    for block, values in zip(blocks, found, strict=True):
        std = float(values.std(dtype=np.float64))
        row = {"activation_mean": float(values.mean(dtype=np.float64)), "activation_std": std}
        rows.append(Block(name=block.name, **row, inference_std=std,
                          zero_share=float((values == 0).mean()), gradient_rms=None))  # fmt: skip
    before = [values for values in found[:-1] if values.shape[-1] > 1]
    dead = [float((values == 0).all(axis=tuple(range(values.ndim - 1))).mean()) for values in before]
    return rows, max(dead, default=0.0)


def _name_of(entry: np.ndarray, images: np.ndarray) -> str | None:
    """The convention that the values before the first layer that learns follow; None for another one."""
    if entry.shape != images.shape:
        return None
    for name in CONVENTIONS:
        expected = scaled(images, name)
        if np.abs(entry - expected).max() <= 0.02 * np.ptp(expected):
            return name
    return None


def _linear_probe(
    network: Network,
    features: np.ndarray | None,
    received: str | None,
    seconds_each: float,
    photos: Photos,
) -> LinearProbe:
    expected, family = network.expected_convention, network.family
    names = {expected} if family and expected else set(CONVENTIONS) if family is None else set()
    size_px = tuple(min(side, _FEATURES_PX) for side in network.size_px)
    share = size_px[0] * size_px[1] / (network.size_px[0] * network.size_px[1])
    affordable = _affordable(_FEATURES_S, seconds_each * share * (len(names) + 1), _MAX_FEATURES)
    number = max(_MIN_FEATURES if family else _MIN_PHOTOS, affordable)
    few = photos.first(number)
    images = few.images((size_px[0], size_px[1]))
    own = received or "as_fed"
    trunk = network.trunk((size_px[0], size_px[1]))
    found = {name: _outputs(trunk, scaled(images, name))[0] for name in sorted(names)}
    if own not in found and (received is None or size_px == network.size_px):
        assert features is not None
        few = few.first(len(features))  # photos for which the whole model has made them already
        found = {name: values[: len(features)] for name, values in found.items()} | {own: features[:number]}
    elif own not in found:
        found[own] = _outputs(trunk, scaled(images, own))[0]
    return probe_of(found, few, own, expected)


def _contrast(photos: Photos) -> float:
    grey = photos.first(_NUM_MODES).images((8, 8)).astype(np.float64).mean(axis=-1)
    return float(grey.std())
