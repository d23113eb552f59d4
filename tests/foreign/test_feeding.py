"""How a model wants its input is found by what fits."""

import itertools
from collections.abc import Iterator

import keras
import numpy as np
import pytest

from pawtrace.foreign.measuring.feeding import Feeding, _most_probable, as_made_for, find_feeding
from pawtrace.foreign.measuring.outputs import output_of
from pawtrace.foreign.measuring.trial import Trial
from pawtrace.foreign.reading.photos import read_photos
from tests.foreign.colours import SIDE_PX, images_and_labels, reader


def feeding_of(model: keras.Model, expected: str | None = None, own: np.ndarray | None = None) -> Feeding:
    photos = read_photos(images_and_labels(80, noise=18))
    output = output_of(model, "", from_logits=False)
    return find_feeding(
        lambda images: np.asarray(model(images)), (SIDE_PX, SIDE_PX), output, photos, 16, None, expected, own
    )


@pytest.mark.parametrize(("scale", "convention"), [(1.0, "zero_to_255"), (1 / 255, "zero_to_one")])
def test_the_range_that_the_model_was_made_for_fits(scale: float, convention: str) -> None:
    found = feeding_of(reader(scale=scale))
    assert found.convention == convention
    assert found.is_certain
    assert found.best.accuracy > 0.75


@pytest.mark.parametrize(("sign", "dog_first"), [(1.0, False), (-1.0, True)])
def test_which_class_is_1_follows_from_the_accuracy(sign: float, dog_first: bool) -> None:
    assert feeding_of(reader(sign=sign)).best.dog_first is dog_first


def test_a_model_that_answers_always_the_same_fits_nothing_and_what_is_expected_is_taken() -> None:
    found = feeding_of(reader(sign=0.0), expected="torch")
    assert not found.is_certain
    assert found.convention == "torch"


def test_the_best_of_many_scalings_that_is_right_on_six_of_ten_is_not_certain() -> None:
    """As likely as not, one of thirteen scalings in two orders of classes is as good by chance."""
    right = np.random.default_rng(0).permutation(64) < 40
    photos = read_photos(images_and_labels(64))
    answers = np.where(right == (photos.labels == 1), 0.6, 0.4)[:, None]

    def answer(images: np.ndarray) -> np.ndarray:
        return answers[: len(images)]

    output = output_of(reader(), "", from_logits=False)
    assert not find_feeding(answer, (SIDE_PX, SIDE_PX), output, photos, 64).is_certain


def test_where_no_scaling_fits_it_is_the_one_that_the_models_own_layers_are_made_for() -> None:
    found = feeding_of(reader(sign=0.0), expected="torch")
    taken = as_made_for(found, "zero_to_255")
    assert (taken.convention, taken.is_certain) == ("zero_to_255", False)
    assert {trial.convention for trial in taken.others} >= {"torch"} - {"zero_to_255"}
    assert as_made_for(found, None) == found
    certain = feeding_of(reader(scale=1 / 255))
    assert as_made_for(certain, "zero_to_255") == certain


@pytest.mark.parametrize(
    ("scale", "expected", "found"),
    [
        (2 / 255, "zero_to_one", "zero_to_one"),  # both fit equally well
        (2 / 255, "minus_one_to_one", "minus_one_to_one"),
        (1.0, "minus_one_to_one", "zero_to_255"),  # what is expected does not fit
    ],
)
def test_of_two_that_fit_equally_well_the_expected_one_is_taken(
    scale: float, expected: str, found: str
) -> None:
    assert feeding_of(reader(scale=scale), expected).convention == found


def feeding_of_bright_dogs(
    sure_in_zero_to_one: list[float],
    sure_otherwise: list[float],
    sure_in_zero_to_255: float = 0.5,
    num_first: int = 16,
    own: np.ndarray | None = None,
) -> Feeding:
    """Of a model that gives the right class these probabilities, by photo and input."""
    labels = np.arange(len(sure_in_zero_to_one)) % 2
    images = np.broadcast_to(255 * labels[:, None, None, None], (len(labels), SIDE_PX, SIDE_PX, 3))
    photos = read_photos((images.astype(np.uint8), labels))
    sure = {(0, 1): sure_in_zero_to_one, (0, 255): [sure_in_zero_to_255] * len(labels)}
    shown: dict[tuple[float, float], Iterator[float]] = {}  # by range: with red first, then with blue first

    def answers(inputs: np.ndarray) -> np.ndarray:
        range_ = (float(inputs.min()), float(inputs.max()))
        each = shown.setdefault(range_, itertools.cycle(sure.get(range_, sure_otherwise)))
        of_photos = np.array([next(each) for _ in inputs])
        return np.where(inputs[:, 0, 0, 0] > sum(range_) / 2, of_photos, 1 - of_photos)[:, None]

    output = output_of(reader(), "", from_logits=False)
    return find_feeding(answers, (SIDE_PX, SIDE_PX), output, photos, num_first, own=own)


def test_an_input_that_is_nearly_as_fit_on_the_first_photos_is_shown_more() -> None:
    sure = [0.64] * 16 + [0.9] * 48  # of five inputs the last one, at first
    assert feeding_of_bright_dogs(sure, [0.66] * 64, 0.66).convention == "zero_to_one"


def test_of_inputs_that_fit_equally_well_the_plainest_is_taken() -> None:
    sure = [0.7, 0.75, 0.75, 0.75] * 16  # now and then a little less sure
    found = feeding_of_bright_dogs(sure, [0.75] * 64)
    assert found.convention == "zero_to_one"
    assert "minus_one_to_one" in found.equals


def test_to_be_surer_of_nearly_every_photo_and_wrong_about_as_many_is_no_better_fit() -> None:
    sure, surer = [0.9] * 64, [0.97] * 64
    sure[20::10], surer[18::13] = [0.1] * 5, [0.03] * 4
    found = feeding_of_bright_dogs(sure, surer)
    assert found.convention == "zero_to_one"
    assert "minus_one_to_one" in found.equals


def test_the_last_two_inputs_are_compared_on_64_photos_also_for_a_slow_model() -> None:
    assert len(feeding_of_bright_dogs([0.9] * 64, [0.7] * 64, num_first=8).best.right) == 64


def test_both_of_the_last_two_are_compared_with_blue_first() -> None:
    swapped = reader(scale=2 / 255, sign=-1.0)
    found = feeding_of(swapped)
    tried = {trial.convention for trial in [found.best, *found.others]}
    assert {"bgr_zero_to_one", "bgr_minus_one_to_one"} <= tried


def test_of_two_that_fit_equally_well_training_photos_tell_the_one_that_was_used() -> None:
    model = reader(scale=2 / 255)  # asked in -1..1 it is surer, and on some photos right
    right = feeding_of(model).best.right
    photos = read_photos(images_and_labels(80, noise=18))
    answers = np.asarray(model(photos.images((SIDE_PX, SIDE_PX)) / 127.5 - 1))[: len(right), 0]
    surely_right = np.abs(answers - photos.labels[: len(right)]) < 0.05
    found = feeding_of(model, "zero_to_one", own=surely_right)
    assert found.convention == "minus_one_to_one"


@pytest.mark.parametrize(("on_train", "convention"), [(0.86, "zero_to_one"), (0.7, "minus_one_to_one")])
def test_a_plainer_input_is_taken_whose_loss_on_training_photos_is_as_low(
    on_train: float, convention: str
) -> None:
    own = np.arange(64) % 4 < 2
    sure = np.where(own, on_train, 0.6).tolist()  # measurably less fit on new photos
    found = feeding_of_bright_dogs(sure, [0.88] * 64, own=own)
    assert found.convention == convention


def test_memorised_photos_tell_no_input_from_another() -> None:
    own = np.arange(64) % 4 < 2
    sure, surer = np.where(own, 0.9999, 0.6).tolist(), np.where(own, 0.9999, 0.9).tolist()
    assert feeding_of_bright_dogs(sure, surer, own=own).convention == "minus_one_to_one"


@pytest.mark.parametrize(
    ("misfit_of_0_to_255", "taken"), [(0.71, "zero_to_255"), (1.2, "zero_to_one")]
)  # as fit as the fittest one, or not nearly
def test_the_plainest_scaling_is_taken_even_if_the_fittest_has_blue_first(
    misfit_of_0_to_255: float, taken: str
) -> None:
    misfits = {"bgr_zero_to_one": 0.70, "zero_to_one": 0.701, "zero_to_255": misfit_of_0_to_255}
    equal = [Trial(name, False, (True,), (0.7,), (misfit,)) for name, misfit in misfits.items()]
    assert _most_probable(equal, equal[0], None, None).convention == taken


def test_where_no_scaling_fits_class_1_is_the_dog_as_for_keras_loaders() -> None:
    """A model that is right on four of ten: the other order of its classes would fit better, by chance."""
    right = np.random.default_rng(0).permutation(64) < 26
    photos = read_photos(images_and_labels(64))
    answers = np.where(right == (photos.labels == 1), 0.6, 0.4)[:, None]
    output = output_of(reader(), "", from_logits=False)
    found = find_feeding(lambda images: answers[: len(images)], (SIDE_PX, SIDE_PX), output, photos, 64)
    assert not found.is_certain
    assert not found.best.dog_first
    assert not any(trial.dog_first for trial in found.others)
    assert found.best.accuracy == pytest.approx(26 / 64)
