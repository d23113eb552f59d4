"""A cure fits the model: its loss, its head, its history, what its backbone expects."""

from types import SimpleNamespace

import pytest

import pawtrace
from pawtrace.foreign.judging.cures_of_dead import new_head
from tests.foreign.colours import images_and_labels, reader
from tests.foreign.judging.known_models import TEST, TRAIN, blind, wide

pytestmark = pytest.mark.slow


def test_a_loss_that_ignores_a_single_unit_is_named() -> None:
    found = pawtrace.diagnose(blind("categorical_crossentropy"), TEST)
    assert (found.verdict, found.cause) == ("dead", "loss")
    assert "binary_crossentropy" in found.cures[0].keras


def test_a_head_of_zeros_on_good_convolutions_is_to_be_trained_again() -> None:
    found = pawtrace.diagnose(wide(gain=0.0), TEST, TRAIN)
    assert (found.verdict, found.cause) == ("dead", "head")
    assert "All weights of answer are zero" in found.sentence
    assert [cure.name for cure in found.cures] == ["new_head"]


@pytest.mark.parametrize(
    ("inner_scaling", "expected", "line"),
    [
        (True, "minus_one_to_one", "x = images  # RGB 0..255; the scaling layer in the model does the rest"),
        (False, "minus_one_to_one", "x = images / 127.5 - 1  # images: RGB 0..255"),
        (False, None, "x = images / 255  # images: RGB 0..255"),
    ],
)
def test_a_new_head_says_what_its_backbone_expects(
    inner_scaling: bool, expected: str | None, line: str
) -> None:
    network = SimpleNamespace(expected_convention=expected)
    feeding = SimpleNamespace(convention="zero_to_one")
    measured = SimpleNamespace(inner_scaling=inner_scaling, network=network, feeding=feeding)
    assert line in new_head(SimpleNamespace(measured=measured)).keras.splitlines()  # type: ignore[arg-type]


def test_no_number_of_epochs_is_made_up() -> None:
    weak = [images_and_labels(number, seed, noise=25) for number, seed in ((120, 0), (320, 1))]
    found = pawtrace.diagnose(reader(), *weak)
    assert found.verdict == "underfitting"
    more = next(cure for cure in found.cures if cure.name == "more_epochs")
    assert not any(letter.isdigit() for letter in more.words)
    found = pawtrace.diagnose(reader(), *weak, {"loss": 14 * [0.6]})
    more = next(cure for cure in found.cures if cure.name == "more_epochs")
    assert "instead of 14" in more.words


def test_a_far_too_high_rate_is_lowered_to_a_usual_one() -> None:
    found = pawtrace.diagnose(blind(rate=20.0), TEST, TRAIN, {"loss": [0.7, 90.0, 90.0]})
    assert found.verdict == "unstable"
    assert "SGD(0.01, clipnorm=1.0)" in found.cures[0].keras
