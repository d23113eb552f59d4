"""What the scaling layers of a model are made for: 0..255 is not always right."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import pawtrace
from pawtrace.__main__ import main
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.foreign.measuring.network import network_of
from pawtrace.foreign.measuring.network_outputs import made_for
from tests.conftest import WriteParams
from tests.foreign.colours import SIDE_PX, images_and_labels, photo_folder, reader

SIZE_PX = (SIDE_PX, SIDE_PX)
# As smooth as photos: resizing keeps their spread.
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 4, 4, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)
PHOTOS = [encode_jpeg(image, 95) for image in IMAGES]


def normalization(scale: float) -> keras.Layer:
    """As `adapt` leaves it, on other pictures that are a little darker."""
    return layers.Normalization(mean=110 * scale, variance=(70 * scale) ** 2)


def with_layers(*scaling: keras.Layer) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((*SIZE_PX, 3)),
            *scaling,
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ([layers.Rescaling(1 / 255)], "zero_to_255"),
        ([layers.Rescaling(1 / 127.5, -1)], "zero_to_255"),
        ([layers.Resizing(16, 16), layers.Rescaling(1 / 255)], "zero_to_255"),
        ([normalization(1)], "zero_to_255"),
        ([layers.Rescaling(2.0, -1.0)], "zero_to_one"),
        ([layers.Rescaling(255.0)], "zero_to_one"),
        ([normalization(1 / 255)], "zero_to_one"),
        ([layers.Rescaling(127.5, 127.5)], "minus_one_to_one"),
        ([layers.Resizing(16, 16)], None),
        ([], None),
    ],
)
def test_they_are_made_for_the_input_that_they_turn_into_a_usual_one(
    scaling: list[keras.Layer], expected: str | None
) -> None:
    assert made_for(network_of(with_layers(*scaling), SIZE_PX), PHOTOS) == expected


def takes_zero_to_one() -> keras.Model:
    """A model that is right about pictures of 0..1: its own layer turns them into -1..1."""
    images = keras.Input((*SIZE_PX, 3))
    return keras.Model(images, reader(scale=1 / 127.5)(layers.Rescaling(2.0, -1.0)(images)))


def test_predict_feeds_photos_without_labels_as_the_layer_expects(
    write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    takes_zero_to_one().save("foreign.keras")
    photo_folder(Path("photos"), 6)
    with pytest.raises(SystemExit, match="^0$"):
        main(["predict", "photos", "--model", "foreign.keras"])
    said = capsys.readouterr()
    assert "input scaling RGB 0..1; class 1 is dog" in said.err
    words = [line.split() for line in said.out.splitlines() if line.startswith("photos/")]
    assert np.mean([name.split("/")[1] == f"{label}s" for name, label, _ in words]) > 0.8


def test_diagnose_does_not_ask_for_0_to_255() -> None:
    found = pawtrace.diagnose(takes_zero_to_one(), images_and_labels(80, 1, noise=25))
    assert found.measured is not None
    assert found.measured.feeding.convention == "zero_to_one"
    assert not any("scales its input" in note for note in found.notes)
