"""P(dog) of photos by a foreign model, with the input scaling that it expects; refused if that is not known.

If enough of the photos are in folders called cat and dog, the scaling that fits them is used. Else the model
must have scaling layers, and class 1 is a dog, as with Keras's loaders (they sort the folders by name).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pawtrace.base.errors import TrainingError
from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.pixels import decode
from pawtrace.foreign.measuring.feeding import find_feeding
from pawtrace.foreign.measuring.network import network_of
from pawtrace.foreign.measuring.network_outputs import made_for, meaning_of_output, outputs_of
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.labels import label_of, label_of_folders
from pawtrace.foreign.reading.model_file import load_foreign_model
from pawtrace.foreign.reading.photos import Photos, stretched

_FREE_PX = (224, 224)  # for a model that takes any size
_MIN_OF_A_LABEL = 8
_NUM_FIRST = 8  # photos on which all conventions are tried
_AT_ONCE = 32


class ForeignClassifier(NamedTuple):
    """The predictions of a foreign model, and how its input was scaled."""

    probabilities: list[float]  # P(dog) of each photo
    words: str  # how the input was scaled


def predict_photos(path: Path, names: Sequence[str], encoded: Sequence[bytes]) -> ForeignClassifier:
    """P(dog) of each photo.

    Args:
      path: of the model.
      names: of the photos' files; folders called cat and dog tell labels.
      encoded: JPEG or PNG, upright RGB.
    Raises:
      TrainingError: the model cannot be used, or its input scaling is not known; says what to do.
    """
    file = load_foreign_model(path)
    if file.problem is not None:
        raise TrainingError(f"{path}: expected finite weights, found {file.problem}; train the model again")
    network = network_of(file.model, _FREE_PX)
    labelled = _labelled(names, encoded)
    output = meaning_of_output(file, network, encoded, labelled)
    if output.is_constant:
        raise TrainingError(
            f"{path}: expected an output that depends on the photo, found {output.words}; "
            f"run: pawtrace diagnose {path} PHOTOS"
        )

    def answers(images: np.ndarray) -> np.ndarray:
        return outputs_of(file.model, images)[0]

    if labelled is not None:
        likely = network.expected_input(made_for(network, encoded))
        feeding = find_feeding(answers, network.size_px, output, labelled, _NUM_FIRST, None, likely)
        if feeding.is_certain:
            convention, dog_first = feeding.convention, feeding.best.dog_first
            found = _answered(answers, network.size_px, output.probability, encoded, convention, dog_first)
            return found._replace(words=f"{found.words}{feeding.equals_words}")
    expected = "zero_to_255" if network.inputs.dtype == "uint8" else made_for(network, encoded)
    if expected is None:
        inside = "a scaling layer in the model, or " if network.shows_layers else ""
        raise TrainingError(
            f"{path}: expected {inside}photos in folders called {LABELS[0]} and {LABELS[1]} "
            f"(at least {_MIN_OF_A_LABEL} of each), which show what input the model expects (RGB 0..255, "
            f"0..1, ...), found nothing that shows it; run: pawtrace diagnose {path} PHOTOS"
        )
    return _answered(answers, network.size_px, output.probability, encoded, expected, dog_first=False)


def _labelled(names: Sequence[str], encoded: Sequence[bytes]) -> Photos | None:
    """The photos whose paths tell a label, in turns; None for too few."""
    # As `pawtrace diagnose` reads them.
    by_folder = set(map(label_of_folders, names)).issuperset(range(len(LABELS)))
    labels = [label_of(name, by_folder=by_folder) for name in names]
    by_label = [[n for n, found in enumerate(labels) if found == label] for label in range(len(LABELS))]
    number = min(map(len, by_label))
    if number < _MIN_OF_A_LABEL:
        return None
    turns = [place for pair in zip(*by_label, strict=False) for place in pair]
    return Photos(
        [names[n] for n in turns],
        np.array([labels[n] for n in turns], np.int64),
        [encoded[n] for n in turns],
        num_found=0,
    )


def _answered(
    answers: Callable[[np.ndarray], np.ndarray],
    size_px: tuple[int, int],
    probability: Callable[[np.ndarray], np.ndarray],
    encoded: Sequence[bytes],
    convention: str,
    dog_first: bool,
) -> ForeignClassifier:
    found: list[float] = []
    for start in range(0, len(encoded), _AT_ONCE):
        part = encoded[start : start + _AT_ONCE]
        images = np.stack([stretched(decode(content), size_px) for content in part])
        of_class_1 = probability(answers(scaled(images, convention)))
        found += (1 - of_class_1 if dog_first else of_class_1).tolist()
    words = f"input scaling {CONVENTIONS[convention].words}; class 1 is {LABELS[not dog_first]}"
    return ForeignClassifier(found, words)
