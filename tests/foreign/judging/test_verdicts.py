"""What is said of a model is true of it: the verdict, its reason, and the notes."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

import pawtrace
from pawtrace.diagnosis.finding import Finding
from pawtrace.foreign.defaults import thresholds
from pawtrace.foreign.judging import rules
from pawtrace.foreign.judging.stalled import falls_evenly
from pawtrace.foreign.measuring import measure
from pawtrace.foreign.measuring.trial import cross_entropies
from pawtrace.results.probe_results import Answers, Modes
from tests.foreign.colours import SIDE_PX, images_and_labels, reader
from tests.foreign.judging.known_models import BAD_LOSSES, TEST, TRAIN, blind, check_of, wide

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize(
    ("losses", "is_unstable"), [([3.8, 3.2, 2.7], False), ([4.9, 0.7, 0.7], True), ([3.8, 3.2, 3.9], True)]
)
def test_a_loss_that_falls_from_far_above_guessing_was_large_from_the_start(
    losses: list[float], is_unstable: bool
) -> None:
    found = pawtrace.diagnose(blind(), TEST, TRAIN, {"loss": losses, "accuracy": [0.5, 0.5, 0.5]})
    assert (found.verdict == "unstable") == is_unstable


def test_a_large_loss_of_the_first_epoch_is_no_jump_if_the_input_scaling_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = {"loss": [4.9, 0.7, 0.7], "accuracy": [0.5, 0.5, 0.5]}
    assert check_of(pawtrace.diagnose(blind(), TEST, TRAIN, history), "unstable")[0] == "failed"
    monkeypatch.setattr(rules.input_scaling, "rule", lambda _: Finding(True, "", "", ""))
    state, words = check_of(pawtrace.diagnose(blind(), TEST, TRAIN, history), "unstable")
    assert state == "passed"
    assert words.endswith("explained by the input scaling")
    later = history | {"loss": [0.7, 0.7, 4.9]}
    assert check_of(pawtrace.diagnose(blind(), TEST, TRAIN, later), "unstable")[0] == "failed"


@pytest.mark.parametrize(("knows_train", "photos"), [(True, "training pictures"), (False, "test photos")])
def test_a_lag_is_told_of_the_photos_on_which_it_was_measured(
    knows_train: bool, photos: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "On the same 9 training pictures, the accuracy is"
    monkeypatch.setattr(rules.lag, "rule", lambda _: Finding(True, "", "", "", said))
    facts = SimpleNamespace(measured=SimpleNamespace(modes_on_test=None), knows_train=knows_train)
    assert f"same 9 {photos}," in rules.normalization_lag(facts).sentence  # type: ignore[arg-type]


def test_without_training_photos_a_model_that_guesses_is_not_said_to_get_photos_scaled_twice() -> None:
    model = keras.Sequential(
        [keras.Input((SIDE_PX, SIDE_PX, 3)), layers.Rescaling(1 / 255), *blind().layers[1:]]
    )
    assert pawtrace.diagnose(model, TEST).verdict != "input_scaling"


def test_a_history_of_a_far_better_model_is_said_to_contradict_the_photos() -> None:
    history = {"loss": [0.5] + 5 * [0.1], "accuracy": [0.8] + 5 * [0.98]}
    found = pawtrace.diagnose(blind(), TEST, TRAIN, history)
    assert found.verdict == "not known"
    assert "prepares the photos in another way" in " ".join(found.text.split())


@pytest.mark.parametrize("is_last_epoch", [True, False])
def test_a_file_of_the_last_epoch_contradicts_a_history_that_is_15_points_better(is_last_epoch: bool) -> None:
    measured = pawtrace.diagnose(blind(), TEST, TRAIN).measured
    assert measured is not None
    assert measured.train is not None
    train, test = (float((part.predicted == part.labels).mean()) for part in (measured.train, measured.test))
    loss = float(cross_entropies(measured.test.probabilities, measured.test.labels).mean())
    history = {
        "loss": [0.9, 0.6], "accuracy": [0.5, train + 0.15],
        "val_loss": [loss, loss if is_last_epoch else 2 * loss], "val_accuracy": [test, test],
    }  # fmt: skip
    said = " ".join(pawtrace.diagnose(blind(), TEST, TRAIN, history).text.split())
    assert ("had other photos or labels" in said) is is_last_epoch


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
    measured = SimpleNamespace(modes_on_test=modes)
    facts = SimpleNamespace(measured=measured, thresholds=thresholds(), knows_train=True)
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
    assert any("the input is scaled twice" in note for note in pawtrace.diagnose(model, TEST).notes)
    assert "scaled twice" not in pawtrace.diagnose(reader(), TEST).text


def test_training_photos_that_a_slow_model_was_not_shown_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "affordable", lambda *_: 64)
    found = pawtrace.diagnose(blind(), TEST, TRAIN)
    state, words = check_of(found, "too_few")
    assert state == "passed"
    assert words.endswith("320")


def test_with_a_history_it_is_known_that_a_good_model_is_not_undertrained() -> None:
    found = pawtrace.diagnose(reader(), TEST, TRAIN, {"loss": [0.5, 0.3, 0.2, 0.2, 0.2, 0.2]})
    assert check_of(found, "undertrained")[0] == "passed"


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


@pytest.mark.parametrize(
    ("losses", "is_even"),
    [
        ([0.62600, 0.62588, 0.62575, 0.62562], True),
        ([0.69, 0.68, 0.67], False),  # too few epochs to tell
        ([0.69, 0.68, 0.66, 0.65, 0.61], False),  # faster at last
        ([0.69, 0.68, 0.67, 0.68, 0.67], False),  # up and down
        ([0.69, 0.69, 0.69, 0.69], False),  # not at all
    ],
)
def test_a_loss_that_creeps_shows_steps_that_are_too_small(losses: list[float], is_even: bool) -> None:
    assert falls_evenly(losses) is is_even
    history = {"loss": losses, "accuracy": len(losses) * [0.5]}
    state, _ = check_of(pawtrace.diagnose(blind(), TEST, TRAIN, history), "stalled")
    assert state == ("failed" if is_even else "passed")
