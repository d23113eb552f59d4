"""All measurements of a model, in an order and an amount that fit into a minute.

Arrives: a model and photos. Leaves: `Measured`.
"""

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
from pawtrace.diagnosis.label_quality import Judged
from pawtrace.evaluation.predictions import Predictions
from pawtrace.foreign.defaults import probe_params
from pawtrace.foreign.measuring.durations import affordable, seconds_each
from pawtrace.foreign.measuring.features import judge_labels, linear_probe
from pawtrace.foreign.measuring.feeding import Feeding, as_made_for, find_feeding, p_dog
from pawtrace.foreign.measuring.modes import modes_in_both
from pawtrace.foreign.measuring.network import Network, network_of, untrained_share
from pawtrace.foreign.measuring.network_outputs import (
    AT_ONCE,
    blocks_and_dead_share,
    contrast_kept,
    contrast_of,
    convention_of,
    draws_random_numbers,
    made_for,
    meaning_of_output,
    outputs_of,
    scaled_twice,
)
from pawtrace.foreign.measuring.outputs import Output
from pawtrace.foreign.measuring.trial import Trial
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.model_file import ModelFile
from pawtrace.foreign.reading.photos import Photos, in_turns
from pawtrace.results.data_summary import Baseline
from pawtrace.results.probe_results import Block, LinearProbe, Modes

_ANSWERS_S, _TRAIN_S = 11.0, 8.0  # of the minute, on a slow computer
_TRIALS_S, _PASSES = 14.0, 21  # passes of the first photos through the network, to find the convention
_NUM_FIRST = (32, 16, 8)  # photos for the first pass: as many as the time allows
_NUM_AGAIN = 640  # photos for a second search
_MODES_S, _MAX_MODES = 3.0, 256  # time for the photos that are shown in both modes, and how many at most
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
    made_for: str | None  # the convention for which these layers are made, where they show it
    scaled_twice: list[Trial]  # input scalings of which these layers leave hardly any contrast
    test_photos: Photos
    train_photos: Photos | None
    test: Predictions
    test_fed: Callable[[str], Predictions]  # the same of another input scaling, by name; takes seconds
    train: Predictions | None
    like_train: set[str] | None  # ids of test photos that look like a train photo
    baseline: Baseline | None
    modes: Modes | None  # None, with no blocks: a SavedModel, of which only the answers are known
    modes_on_test: Modes | None  # the same on test photos, if the model is better in training mode
    blocks: list[Block]
    dead_share: float  # of the channels before the output: zero on all photos
    contrast: float  # of the photos, 0..255
    contrast_kept: float | None  # by the model's augmenting layers, a share; None: it has none
    linear_probe: LinearProbe | None
    judged_train: Judged | None  # by a linear classifier on the trunk's features of test
    penalty: float  # on the weights: what the model adds to the loss, nats
    untrained_trunk: float | None  # the share of the trunk's kernels that are as initialised
    untrained_head: float | None
    draws_random_numbers: bool  # of a SavedModel: whether two answers to one photo differ


def measure(
    file: ModelFile, test: Photos, train: Photos | None, say: Say, convention: str | None = None
) -> Measured:
    """Measure a model; its weights are finite.

    Args:
      file: the model.
      test: photos that it was not trained on.
      train: photos that it was trained on, where they are at hand.
      say: gets a line about each step.
      convention: the input scaling of the training, if it is known.
    Raises:
      TrainingError: its output fits no known set of classes.
    """
    network = network_of(file.model, _FREE_PX)
    output = meaning_of_output(file, network, test.encoded, labelled=test)
    whole = network.with_features()
    each_s = seconds_each(whole, network)
    inner = made_for(network, test.encoded)
    expected = test.fed or network.expected_input(inner)
    feeding = _feeding(whole, network, output, test, train, each_s, convention, expected, say)
    feeding = as_made_for(feeding, None if test.fed or convention else expected)
    num_answers = affordable(_ANSWERS_S, each_s, len(test.ids))
    say(f"predicting {num_answers} of {len(test.ids)} test photos")
    all_test, test = test, test.first(num_answers)
    predictions, features = _predicted(whole, network, output, feeding, test)
    train_predictions, train_features, like_train = None, None, None
    if train is not None:
        num_train = affordable(_TRAIN_S, each_s, len(train.ids))
        say(f"predicting {num_train} of {len(train.ids)} training photos; looking for copies of test photos")
        shown_train = train.first(num_train)
        train_predictions, train_features = _predicted(whole, network, output, feeding, shown_train)
        like_train = _like_train(train, test)
    say("measuring signal strength, training and inference mode, features")
    shown = (train or test).first(affordable(_MODES_S, 2 * each_s, _MAX_MODES))
    images = scaled(shown.images(network.size_px), feeding.convention)
    modes, on_test = modes_in_both(whole, network, output, feeding, shown, None if train is None else test)
    entry = outputs_of(network.after_scaling(), images[:4])[0]
    received = convention_of(entry, shown.first(4).images(network.size_px))
    shows = network.shows_layers
    blocks, dead_share = blocks_and_dead_share(network, images[:AT_ONCE]) if shows else ([], 0.0)
    untrained = untrained_share(network.trunk_layers)
    is_probed = network.num_trunk and untrained is not None and untrained < 0.5
    return Measured(
        file,
        network,
        output,
        feeding,
        received,
        float(entry.std()),
        bool(network.num_scaling) and received != feeding.convention,
        inner,
        [] if inner is None else scaled_twice(network, feeding.others, shown.encoded),
        test,
        train,
        predictions,
        lambda name: _predicted(whole, network, output, feeding, test, name)[0],
        train_predictions,
        like_train,
        _baseline(train or test),
        modes,
        on_test,
        blocks,
        dead_share,
        contrast_of(test),
        contrast_kept(network, images) if shows else None,
        linear_probe(network, features, received, each_s, all_test) if is_probed else None,
        judge_labels(train, train_features, test, features) if train is not None and is_probed else None,
        float(sum(file.model.losses)) if file.model.losses else 0.0,
        untrained,
        untrained_share(network.head_layers),
        draws_random_numbers(whole, images[:AT_ONCE]) if not shows else False,
    )


def _feeding(
    whole: keras.Model,
    network: Network,
    output: Output,
    test: Photos,
    train: Photos | None,
    each_s: float,
    convention: str | None,
    expected: str | None,
    say: Say,
) -> Feeding:
    """The input scaling that fits photos of both sets; or, if none does, the one that fits train alone."""
    fitting = (number for number in _NUM_FIRST if number * each_s * _PASSES < _TRIALS_S)
    num_first = next(fitting, _NUM_FIRST[-1])
    if convention is None:
        say(f"how does it want its input? trying {len(CONVENTIONS)} conventions on some photos")

    def find(photos: Photos, own: np.ndarray | None) -> Feeding:
        return find_feeding(
            lambda images: outputs_of(whole, images)[0], network.size_px, output, photos, num_first,
            convention, expected, own,
        )  # fmt: skip

    # An overfitted network is right about its training photos however it is scaled, and wrong about others.
    if train is None:
        return find(test, None)
    both = in_turns(train, test)
    feeding = find(both, np.arange(len(both.ids)) % 4 < 2)  # two of each
    if feeding.is_certain or each_s * _NUM_AGAIN > _TRIALS_S:
        return feeding
    by_train = find(train, None)  # the labels of test may be at fault
    return by_train if by_train.is_certain else feeding


def _predicted(
    whole: keras.Model,
    network: Network,
    output: Output,
    feeding: Feeding,
    photos: Photos,
    convention: str | None = None,
) -> tuple[Predictions, np.ndarray | None]:
    """The model's predictions for photos, and the trunk's features, float32 (n, c)."""
    found, convention = [], convention or feeding.convention
    for start in range(0, len(photos.ids), AT_ONCE):
        part = photos._replace(encoded=photos.encoded[start : start + AT_ONCE])
        found.append(outputs_of(whole, scaled(part.images(network.size_px), convention)))
    answers, *features = (np.concatenate(values) for values in zip(*found, strict=True))
    probabilities = p_dog(output, feeding, answers)
    return Predictions(photos.ids, photos.labels, probabilities), features[0] if features else None


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
