"""Attention is where the evidence is, whatever the size of the last feature map."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pawtrace.dataset.examples.pixels import decode
from pawtrace.evaluation.pictures import attention_jpeg
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.probes.grad_cam import attention_maps
from tests.conftest import picture
from tests.learning.tiny import tiny_train

pytestmark = pytest.mark.slow

SIZE_PX = 32


def write_red_finder(path: Path, last_side_px: int) -> str:
    """Save a backbone of three channels: where it is red, where it is blue, noise; and a pooling."""
    inputs = keras.Input((SIZE_PX, SIZE_PX, 3))
    finder = keras.layers.Conv2D(3, 1, name="finder", activation="relu")
    x = finder(inputs)
    x = keras.layers.AveragePooling2D(4, name="by_four")(x)
    if last_side_px < 8:
        x = keras.layers.AveragePooling2D(8 // last_side_px, name="coarse")(x)
    backbone = keras.Model(inputs, x)
    red, blue = [1, -1, -1], [-1, -1, 1]
    finder.set_weights([np.array([red, blue, [0.1, 0.1, 0.1]]).T.reshape(1, 1, 3, 3) / 255, np.zeros(3)])
    backbone.save(path)
    return str(path)


def red_is_dog(tmp_path: Path, last_side_px: int, dropout: float = 0.0) -> keras.Model:
    """A saved and loaded classifier that says dog for red and cat for blue."""
    head = {"pooling": "average", "units": [3] if dropout else [], "dropout": dropout}
    backbone = write_red_finder(tmp_path / "backbone.keras", last_side_px)
    classifier = build_classifier(tiny_train(backbone=backbone, head=head))
    dense = [layer for layer in classifier.head.layers if layer.weights]
    for layer in dense[:-1]:
        layer.set_weights([np.eye(3), np.zeros(3)])
    dense[-1].set_weights([np.array([[8.0], [-8.0], [0.0]]), np.zeros(1)])
    classifier.whole.save(tmp_path / "model.keras")
    return keras.saving.load_model(tmp_path / "model.keras", compile=False)


def planted() -> np.ndarray:
    """A red square top left; a blue one bottom right; both, the red one larger; nothing."""
    images = np.full((4, SIZE_PX, SIZE_PX, 3), 60, np.uint8)
    images[0, 0:8, 0:8] = images[2, 0:16, 0:16] = (250, 0, 0)
    images[1, 24:, 24:] = images[2, 24:, 24:] = (0, 0, 250)
    return images


@pytest.mark.parametrize("last_side_px", [8, 4, 2, 1])
def test_attention_is_high_where_the_evidence_is_planted(tmp_path: Path, last_side_px: int) -> None:
    model, images = red_is_dog(tmp_path, last_side_px), planted()
    maps = attention_maps(model, images)
    side = 8 if last_side_px < 4 else last_side_px  # where the last map is too coarse, the one before
    step = SIZE_PX // side
    assert maps.shape == (4, side, side)
    assert maps.dtype == np.float32
    cells = images[:, step // 2 :: step, step // 2 :: step]
    red, blue = cells[..., 0] == 250, cells[..., 2] == 250
    for number, evidence in ((0, red[0]), (1, blue[1]), (2, red[2])):
        assert (maps[number][evidence] == 1).all()
        assert (maps[number][~evidence] < 0.1).all()


def test_a_padded_map_is_not_taken_for_the_image(tmp_path: Path) -> None:
    whole = keras.saving.load_model(write_red_finder(tmp_path / "whole.keras", 8))
    padded = keras.layers.ZeroPadding2D(((0, 4), (0, 4)))(whole.output)
    keras.Model(whole.inputs, keras.layers.AveragePooling2D(6)(padded)).save(tmp_path / "padded.keras")
    head = {"pooling": "average", "units": []}
    model = build_classifier(tiny_train(backbone=str(tmp_path / "padded.keras"), head=head)).whole
    assert attention_maps(model, planted()).shape == (4, 8, 8)


def test_where_nothing_speaks_for_the_answer_attention_is_nowhere(tmp_path: Path) -> None:
    maps = attention_maps(red_is_dog(tmp_path, 8), planted())
    assert not maps[3].any()


def test_dropout_and_the_other_images_change_no_map(tmp_path: Path) -> None:
    model, images = red_is_dog(tmp_path, 1, dropout=0.9), planted()
    together = attention_maps(model, images)
    assert together[0].max() == 1
    np.testing.assert_array_equal(together, attention_maps(model, images))
    np.testing.assert_allclose(together[1:2], attention_maps(model, images[1:2]), atol=1e-6)


def test_a_network_with_batch_normalisation_is_read_in_inference_mode() -> None:
    train = tiny_train(initializer="he_normal", batch_normalization=True)
    keras.utils.set_random_seed(0)
    model = build_classifier(train).whole
    images = np.stack([picture(seed, SIZE_PX, SIZE_PX) for seed in range(3)])
    weights, probabilities = model.get_weights(), np.asarray(model(images))
    maps = attention_maps(model, images)
    assert maps.shape == (3, 4, 4)  # block4's, as block5 ends in one value
    assert maps.min() >= 0
    assert maps.max() == 1
    np.testing.assert_allclose(maps[:1], attention_maps(model, images[:1]), atol=1e-5)
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(probabilities, np.asarray(model(images)))


def test_a_heat_map_is_red_where_attention_is_and_shows_the_image(tmp_path: Path) -> None:
    attention = np.zeros((4, 4), np.float32)
    attention[1, 2] = 1
    image = picture(1, 64, 64)
    (tmp_path / "a.jpg").write_bytes(attention_jpeg(image, attention))
    shown = decode((tmp_path / "a.jpg").read_bytes()).astype(int)
    assert shown.shape == image.shape
    heat = 2 * shown - image  # half of each
    red, blue = heat[..., 0], heat[..., 2]
    assert red[24, 40] > blue[24, 40] + 100  # the middle of the cell
    assert blue[56, 8] > red[56, 8] + 100
    assert np.corrcoef(shown[40:, :24, 1].ravel(), image[40:, :24, 1].ravel())[0, 1] > 0.9
