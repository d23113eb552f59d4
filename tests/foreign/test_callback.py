"""`DiagnoseCallback`: signals of somebody's own `fit`, which leave the training as it would have been."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import pawtrace
from pawtrace.base.errors import TrainingError
from tests.foreign.colours import SIDE_PX, images_and_labels, photo_folder, reader

IMAGES, LABELS = images_and_labels(80)
TRAIN = (IMAGES.astype(np.float32) / 255, LABELS)
TEST = (images_and_labels(80, seed=1)[0].astype(np.float32) / 255, LABELS)


def network(momentum: float = 0.9, units: int = 1) -> keras.Model:
    """A small network with all that has a state: batch normalisation, dropout, augmentation."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((SIDE_PX, SIDE_PX, 3)),
            layers.RandomFlip(),
            layers.Conv2D(4, 3, strides=4, kernel_regularizer="l2"),
            layers.BatchNormalization(momentum=momentum),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(units, activation="sigmoid" if units == 1 else "softmax"),
        ]
    )


def fitted(model: keras.Model, callbacks: list[Any], rate: float = 1e-3, epochs: int = 2) -> keras.Model:
    loss = "binary_crossentropy" if model.output_shape[-1] == 1 else "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    model.fit(*TRAIN, batch_size=16, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    return model


def checks_of(callback: pawtrace.DiagnoseCallback) -> dict[str, Any]:
    assert callback.diagnosis is not None
    return {check.verdict: check for check in callback.diagnosis.checks}


@pytest.mark.slow
@pytest.mark.parametrize("units", [1, 2])
def test_the_training_goes_on_as_without_it_and_each_epoch_has_its_signals(units: int) -> None:
    callback = pawtrace.DiagnoseCallback(TEST, TRAIN)
    alone, watched = fitted(network(units=units), []), fitted(network(units=units), [callback])
    for own, other in zip(alone.variables, watched.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(own), np.asarray(other), err_msg=own.path)
    for own, other in zip(alone.optimizer.variables, watched.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(own), np.asarray(other), err_msg=own.path)
    signals = callback.signals
    assert [epoch.epoch for epoch in signals.epochs] == [1, 2]
    assert signals.initial is not None
    assert signals.initial.blocks[0].update_ratio is None
    for epoch in signals.epochs:
        assert 0.3 < (epoch.inference.loss or 0.0) < 1.5
        assert 0 < (epoch.penalty_share or 0.0) < 1
        assert len(epoch.blocks) == 2
        for block in epoch.blocks:
            assert 1e-4 < (block.update_ratio or 0.0) < 0.5
            assert block.gradient_rms is None


@pytest.mark.slow
def test_averages_that_lag_behind_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    callback = pawtrace.DiagnoseCallback(TEST, TRAIN)
    fitted(network(momentum=0.9999), [callback], rate=0.05, epochs=8)
    assert callback.diagnosis is not None
    assert callback.diagnosis.verdict == "normalization_lag"
    assert callback.diagnosis.cures[0].name == "momentum"  # it has no averages of pretraining
    last = callback.signals.epochs[-1]
    assert (last.training.accuracy or 0.0) > 0.8 > (last.inference.accuracy or 1.0)
    assert "verdict     normalization lag" in capsys.readouterr().out


@pytest.mark.slow
def test_a_rate_that_is_too_low_is_measured_by_the_size_of_the_updates() -> None:
    callback = pawtrace.DiagnoseCallback(TEST, TRAIN)
    model = fitted(network(), [], rate=1e-3, epochs=1)  # no kernel is as it was initialised
    for layer in model.layers:
        layer.set_weights(
            [values + 0.01 for values in layer.get_weights()] if layer.name != "random_flip" else []
        )
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-7, 10, 0.9)  # its rate is in no file
    model.compile(keras.optimizers.Adam(schedule), "binary_crossentropy", metrics=["accuracy"])
    model.fit(*TRAIN, batch_size=16, epochs=3, verbose=0, callbacks=[callback])
    assert callback.diagnosis is not None
    assert callback.diagnosis.verdict == "stalled"
    assert "A step changes the weights by at most" in callback.diagnosis.sentence


@pytest.mark.slow
def test_a_large_loss_before_training_is_no_jump() -> None:
    """Fed 0..255 the loss begins at hundreds and falls: the first epoch's loss of tens is no instability."""
    callback = pawtrace.DiagnoseCallback(TEST, TRAIN)
    model = reader(sign=-1.0, scale=1 / 2550)
    model.compile(keras.optimizers.SGD(1e-6), "binary_crossentropy", metrics=["accuracy"])
    model.fit(*TRAIN, batch_size=16, epochs=2, verbose=0, callbacks=[callback])
    assert callback.history["loss"][0] > 2
    assert checks_of(callback)["unstable"].state == "passed"


@pytest.mark.slow
@pytest.mark.parametrize("train", [None, "folder"])
def test_what_was_not_recorded_is_said(
    train: str | None, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = None if train is None else photo_folder(tmp_path, seed=2)
    callback = pawtrace.DiagnoseCallback(TEST, photos)
    fitted(network(), [callback])
    assert len(callback.history["loss"]) == 2
    said = " ".join(capsys.readouterr().out.split())
    reason = (
        "DiagnoseCallback got no training photos"
        if train is None
        else "files do not show how fit prepares the photos"
    )
    assert (
        f"The signals of each epoch (size of the updates, loss in both modes) are not known: {reason}" in said
    )


@pytest.mark.slow
def test_pictures_that_fit_feeds_otherwise_are_noticed() -> None:
    images = np.clip(IMAGES, 20, 255).astype(np.float32)
    callback = pawtrace.DiagnoseCallback(TEST, (images, LABELS))  # 0..255, where fit gets 0..1
    red_and_blue = layers.Conv2D(2, 1, use_bias=False, activation="tanh")
    answer = layers.Dense(1, activation="sigmoid")
    model = keras.Sequential(
        [keras.Input((SIDE_PX, SIDE_PX, 3)), red_and_blue, layers.GlobalAveragePooling2D(), answer]
    )
    red_and_blue.set_weights([np.array([[1, 0], [0, 0], [0, 1]], np.float32).reshape(1, 1, 3, 2)])
    answer.set_weights([np.array([[200], [-200]], np.float32), np.zeros(1, np.float32)])
    model.compile(keras.optimizers.SGD(1e-9), "binary_crossentropy", metrics=["acc"])
    model.fit(images / 255, LABELS, batch_size=16, verbose=0, callbacks=[callback])
    assert callback.history["acc"][-1] > 0.9
    assert "the accuracy is 50.0 % on the pictures in train" in callback.signals.missing
    assert not callback.signals.epochs


@pytest.mark.slow
def test_several_updates_in_a_step_are_not_measured_as_one() -> None:
    callback = pawtrace.DiagnoseCallback(TEST, TRAIN)
    model = network()
    model.compile("adam", "binary_crossentropy", steps_per_execution=2)
    model.fit(*TRAIN, batch_size=16, epochs=1, verbose=0, callbacks=[callback])
    assert {block.update_ratio for epoch in callback.signals.epochs for block in epoch.blocks} == {None}


def test_a_model_that_cannot_be_diagnosed_is_refused_before_it_trains() -> None:
    model = keras.Sequential([keras.Input((SIDE_PX, SIDE_PX, 2)), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = pawtrace.DiagnoseCallback(TEST)
    with pytest.raises(TrainingError, match="expected a model from RGB pictures"):
        model.fit(np.zeros((4, SIDE_PX, SIDE_PX, 2)), np.zeros(4), verbose=0, callbacks=[callback])
