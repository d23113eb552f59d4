"""Augmenting layers in a model: they may hide the photos from the layers that learn."""

import keras
import numpy as np
import pytest
from keras import layers

import pawtrace
from pawtrace.foreign.measuring.network import network_of
from pawtrace.foreign.measuring.network_outputs import contrast_kept
from tests.foreign.colours import SIDE_PX, images_and_labels
from tests.foreign.judging.known_models import check_of


def model_with(*augmenting: keras.Layer) -> keras.Model:
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    values = layers.Rescaling(1 / 127.5, -1)(images)
    for layer in augmenting:
        values = layer(values)
    features = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(values))
    return keras.Model(images, layers.Dense(1, activation="sigmoid")(features))


@pytest.mark.parametrize(
    ("augmenting", "low", "high"),
    [
        ([layers.RandomFlip("horizontal", seed=0), layers.RandomTranslation(0.1, 0.1, seed=0)], 0.5, 1.3),
        ([layers.RandomBrightness(0.2, value_range=(-1, 1), seed=0)], 0.5, 1.1),
        ([layers.RandomTranslation((1, 1), (1, 1), fill_mode="constant", seed=0)], 0.0, 0.0),  # out of sight
        ([layers.RandomBrightness(0.2, seed=0)], 0.0, 0.1),  # of 0..255, on photos of -1..1
    ],
)
def test_what_augmentation_leaves_of_the_contrast_is_measured(
    augmenting: list[keras.Layer], low: float, high: float
) -> None:
    images = np.random.default_rng(0).uniform(0, 255, (32, SIDE_PX, SIDE_PX, 3)).astype(np.float32)
    kept = contrast_kept(network_of(model_with(*augmenting), (SIDE_PX, SIDE_PX)), images)
    assert kept is not None
    assert low <= kept <= high


def test_without_such_layers_nothing_is_known() -> None:
    network = network_of(model_with(), (SIDE_PX, SIDE_PX))
    assert contrast_kept(network, np.zeros((4, SIDE_PX, SIDE_PX, 3), np.float32)) is None


def test_of_blank_photos_nothing_is_known() -> None:
    network = network_of(model_with(layers.RandomFlip("horizontal")), (SIDE_PX, SIDE_PX))
    assert contrast_kept(network, np.zeros((4, SIDE_PX, SIDE_PX, 3), np.float32)) is None


@pytest.mark.slow
def test_a_model_that_hides_the_photos_from_itself_has_blank_inputs() -> None:
    found = pawtrace.diagnose(model_with(layers.RandomBrightness(0.2, seed=0)), images_and_labels(120, 1))
    assert (found.verdict, found.cause) == ("blank_inputs", "augmentation")
    assert found.cures[0].words.startswith("Remove the augmenting layers")
    usual = pawtrace.diagnose(model_with(layers.RandomFlip("horizontal")), images_and_labels(120, 1))
    assert check_of(usual, "blank_inputs")[0] == "passed"
