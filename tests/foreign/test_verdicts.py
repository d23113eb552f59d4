"""What is said of a model is true of it: the verdict, its reason, and the cures."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

import pawtrace
from pawtrace.diagnosis.finding import Finding
from pawtrace.foreign.defaults import thresholds
from pawtrace.foreign.diagnosing import ForeignDiagnosis
from pawtrace.foreign.judging import rules
from pawtrace.foreign.judging.cures_of_dead import new_head
from pawtrace.foreign.measuring import measure
from pawtrace.foreign.page import write_page
from pawtrace.results.probe_results import Answers, Modes
from tests.foreign.colours import SIDE_PX, images_and_labels, reader

pytestmark = pytest.mark.slow

TEST, TRAIN = images_and_labels(120), images_and_labels(320, seed=1)
BAD_LOSSES = {"loss": [0.8] + 5 * [0.7], "accuracy": 6 * [0.5]}


def blind(loss: str = "binary_crossentropy", rate: float = 1e-3) -> keras.Model:
    """A network whose answers differ, but follow the green, which has nothing to do with the label."""
    model = reader()
    model.layers[-1].set_weights([np.array([[0], [0], [1], [0]], np.float32), np.array([-60], np.float32)])
    model.compile(keras.optimizers.SGD(rate), loss)
    return model


def wide(gain: float = 0.1) -> keras.Model:
    """A network with enough weights in its trunk to show that it was trained; `gain` 0: a head of zeros."""
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    convolution, dense = layers.Conv2D(32, 1), layers.Dense(1, activation="sigmoid", name="answer")
    model = keras.Model(images, dense(layers.GlobalAveragePooling2D()(convolution(images))))
    kernel = np.random.default_rng(0).normal(size=(1, 1, 3, 32)).astype(np.float32)
    convolution.set_weights([kernel, np.ones(32, np.float32)])
    reads = np.linalg.pinv(kernel[0, 0]) @ np.array([[1], [0], [-1]], np.float32)
    dense.set_weights([gain * reads, -gain * reads.sum(axis=0)])
    model.compile("adam", "binary_crossentropy")
    return model


def check_of(found: ForeignDiagnosis, verdict: str) -> tuple[str, str]:
    """The state of a check, with its measure and value in words."""
    check = next(check for check in found.checks if check.verdict == verdict)
    return check.state, f"{check.measure}: {check.value}"


def test_at_chance_on_its_own_training_photos_is_dead_and_no_larger_network_is_advised() -> None:
    found = pawtrace.diagnose(blind(), TEST, TRAIN, BAD_LOSSES)
    assert found.verdict == "dead"
    assert "% on its own training photos" in found.sentence
    assert "never falls below 0.7" in found.sentence
    assert "larger_network" not in {cure.name for cure in found.cures}


def test_a_history_that_stays_flat_is_believed_where_the_input_is_not_known() -> None:
    found = pawtrace.diagnose(blind(), TEST, history=BAD_LOSSES)
    assert found.verdict == "dead"
    assert "taught the model nothing" in found.sentence


def test_after_a_single_epoch_it_is_undertrained_instead() -> None:
    found = pawtrace.diagnose(blind(), TEST, TRAIN, {"loss": [0.7]})
    assert found.verdict == "undertrained"
    assert "after 1 epoch" in found.sentence


def test_a_history_of_a_far_better_model_is_said_to_contradict_the_photos() -> None:
    history = {"loss": [0.5] + 5 * [0.1], "accuracy": [0.8] + 5 * [0.98]}
    found = pawtrace.diagnose(blind(), TEST, TRAIN, history)
    assert found.verdict == "not known"
    assert "prepares the photos in another way" in found.text


def test_a_loss_that_ignores_a_single_unit_is_named() -> None:
    found = pawtrace.diagnose(blind("categorical_crossentropy"), TEST)
    assert (found.verdict, found.cause) == ("dead", "loss")
    assert "binary_crossentropy" in found.cures[0].keras


def test_a_head_of_zeros_on_good_convolutions_is_to_be_trained_again() -> None:
    found = pawtrace.diagnose(wide(gain=0.0), TEST, TRAIN)
    assert (found.verdict, found.cause) == ("dead", "head")
    assert "All weights of answer are zero" in found.sentence
    assert [cure.name for cure in found.cures] == ["new_head"]


def test_wrong_labels_among_the_training_photos_alone_are_found(tmp_path: Path) -> None:
    images, labels = TRAIN
    flipped = np.random.default_rng(2).random(len(labels)) < 0.25
    found = pawtrace.diagnose(wide(), TEST, (images, np.where(flipped, 1 - labels, labels)))
    assert found.verdict == "label_noise"
    assert found.sentence.startswith("In the training photos")
    named = {int(suspect.id) for suspect in found.suspects}
    assert len(named & set(np.flatnonzero(flipped))) > 0.7 * len(named)
    assert f"suspects    {found.suspects[0].id} " in found.text
    write_page(tmp_path / "page.html", found)
    assert "Labels that are probably wrong" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("share", "cause", "words"),
    [(1.0, "reversed", "classes are swapped"), (0.5, "unrelated", "nothing to do")],
)
def test_training_labels_that_contradict_those_of_test_are_no_overfitting(
    share: float, cause: str, words: str
) -> None:
    images, labels = TRAIN
    flipped = np.random.default_rng(2).random(len(labels)) < share
    found = pawtrace.diagnose(wide(), TEST, (images, np.where(flipped, 1 - labels, labels)))
    assert (found.verdict, found.cause, found.suspects) == ("label_noise", cause, [])
    assert words in found.sentence


def test_right_on_test_photos_is_not_dead_though_most_units_are_zero_and_the_training_labels_random() -> None:
    images, labels = TRAIN
    shuffled = np.random.default_rng(2).permutation(labels)
    found = pawtrace.diagnose(mostly_zero(), TEST, (images, shuffled))
    assert found.verdict == "label_noise"
    assert check_of(found, "dead")[0] == "passed"


def mostly_zero() -> keras.Model:
    """Right on these photos by two of 64 units, the others are zero."""
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    convolution, dense = layers.Conv2D(64, 1, activation="relu"), layers.Dense(1, activation="sigmoid")
    model = keras.Model(images, dense(layers.GlobalAveragePooling2D()(convolution(images))))
    kernel, head = np.zeros((1, 1, 3, 64), np.float32), np.zeros((64, 1), np.float32)
    kernel[0, 0, 0, 0] = kernel[0, 0, 2, 1] = 1
    head[:2, 0] = 0.1, -0.1
    convolution.set_weights([kernel, np.zeros(64, np.float32)])
    dense.set_weights([head, np.zeros(1, np.float32)])
    model.compile("adam", "binary_crossentropy")
    return model


@pytest.mark.parametrize(
    ("on_test", "overfits", "lags"), [(0.7, True, True), (0.6, False, True), (0.6, True, False)]
)
def test_an_overfitted_model_that_is_better_in_training_mode_on_training_photos_alone_does_not_lag(
    on_test: float, overfits: bool, lags: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules.lag, "rule", lambda _: Finding(True, "", "+15.0", ""))
    monkeypatch.setattr(rules, "overfitting", lambda _: Finding(overfits, "", "", ""))
    modes = Modes(
        num_examples=64,
        training=Answers(loss=0.5, accuracy=on_test),
        inference=Answers(loss=0.7, accuracy=0.58),
    )
    facts = SimpleNamespace(measured=SimpleNamespace(modes_on_test=modes), thresholds=thresholds())
    assert rules.normalization_lag(facts).applies is lags  # type: ignore[arg-type]


def test_a_layer_that_scales_the_input_and_fits_both_ranges_is_a_warning_of_scaling_twice() -> None:
    """The network compares colours, so that no scaling changes its answers."""
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    colours = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(images))
    compared = layers.LayerNormalization(center=False, scale=False, epsilon=1e-12)(colours)
    dense = layers.Dense(1, activation="sigmoid")
    model = keras.Model(images, dense(compared))
    dense.set_weights([np.array([[3], [0], [-3]], np.float32), np.zeros(1, np.float32)])
    model.compile("adam", "binary_crossentropy")
    assert "the input is scaled twice" in pawtrace.diagnose(model, TEST).text
    assert "scaled twice" not in pawtrace.diagnose(reader(), TEST).text


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


def test_right_labels_are_not_doubted() -> None:
    found = pawtrace.diagnose(wide(), TEST, TRAIN)
    assert found.verdict == "healthy"
    assert check_of(found, "label_noise")[0] == "passed"


def test_training_photos_that_a_slow_model_was_not_shown_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "affordable", lambda *_: 64)
    found = pawtrace.diagnose(blind(), TEST, TRAIN)
    state, words = check_of(found, "too_few")
    assert state == "passed"
    assert words.endswith("320")


def test_with_a_history_it_is_known_that_a_good_model_is_not_undertrained() -> None:
    found = pawtrace.diagnose(reader(), TEST, TRAIN, {"loss": [0.5, 0.3, 0.2, 0.2, 0.2, 0.2]})
    assert check_of(found, "undertrained")[0] == "passed"


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


def test_an_activation_that_is_no_probability_is_noted() -> None:
    model = reader(activation="relu")
    assert any("relu, which is no probability" in note for note in pawtrace.diagnose(model, TEST).notes)


def test_penalties_that_outweigh_the_loss_are_noted() -> None:
    model = wide()
    model.layers[-1].kernel_regularizer = keras.regularizers.L2(1000.0)
    penalised = keras.models.clone_model(model)
    penalised.set_weights(model.get_weights())
    assert any("most of the loss" in note for note in pawtrace.diagnose(penalised, TEST, TRAIN).notes)
    assert not any("most of the loss" in note for note in pawtrace.diagnose(model, TEST, TRAIN).notes)


def test_saturated_answers_are_not_called_a_guess() -> None:
    model = reader()
    model.layers[-1].set_weights([1e4 * values for values in model.layers[-1].get_weights()])
    state, words = check_of(pawtrace.diagnose(model, TEST, TRAIN), "label_noise")
    assert state == "not known"
    assert "exactly 0 or 1" in words


def test_arrays_that_fit_as_well_as_another_scaling_are_no_fault() -> None:
    between = reader(scale=2 / 255)  # 0..1 and -1..1 fit equally well
    images, labels = images_and_labels(120, noise=18)
    for scale, offset in ((1 / 255, 0), (1 / 127.5, 1)):
        found = pawtrace.diagnose(between, (images.astype(np.float32) * scale - offset, labels))
        assert check_of(found, "input_scaling")[0] != "failed"


def test_arrays_for_a_model_that_always_answers_the_same_are_no_fault() -> None:
    fed = (TEST[0].astype(np.float32) / 255, TEST[1])
    assert pawtrace.diagnose(reader(sign=0.0), fed).verdict == "dead"


def test_a_model_of_grey_pictures_is_asked_in_grey() -> None:
    images = keras.Input((SIDE_PX, SIDE_PX, 1))
    grey = keras.Model(images, layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(images)))
    grey.layers[-1].set_weights([np.array([[1.0]]), np.array([-120.0])])
    brighter = np.clip(TEST[0].astype(int) + (20 * (2 * TEST[1] - 1))[:, None, None, None], 0, 255)
    found = pawtrace.diagnose(grey, (brighter.astype(np.uint8), TEST[1]))
    assert found.verdict == "healthy"


def test_of_three_units_the_photos_tell_which_ones_are_cats_and_dogs() -> None:
    model = reader()
    answer = layers.Dense(3, activation="softmax")
    three = keras.Model(model.inputs[0], answer(model.layers[-2].output))
    kernel = np.array([[1, 0, -1], [-1, 0, 1], [0, 0, 0], [0, 0, 0]], np.float32) / 10
    answer.set_weights([kernel, np.zeros(3, np.float32)])
    found = pawtrace.diagnose(three, TEST)
    assert found.verdict == "healthy"
    assert "2 is for cats and 0 for dogs" in found.text
