"""A file that is no backbone for these images is refused in one line; so is a head that is too large."""

import re
import zipfile
from pathlib import Path

import keras
import pytest

from pawtrace.base.errors import DeviceError
from pawtrace.learning.networks.backbones import build_backbone
from pawtrace.learning.networks.head_memory import require_memory_for
from tests.learning.networks.building import refusal
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow


def test_a_missing_backbone_is_named(tmp_path: Path) -> None:
    assert "nowhere.keras" in refusal(backbone=str(tmp_path / "nowhere.keras"))


def test_a_truncated_model_is_not_said_to_be_missing(tmp_path: Path) -> None:
    path = tiny_backbone(tmp_path / "cut.keras", 32, 3)
    path.write_bytes(path.read_bytes()[:-100])
    message = refusal(backbone=str(path))
    assert re.search("cut.keras: .*Keras model.*truncated", message)


def test_a_zip_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "photos.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Cat/1.jpg", b"")
    assert re.search("photos.keras: .*Keras model", refusal(backbone=str(path)))


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_that_was_never_built_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unbuilt.keras"
    keras.Sequential([keras.layers.Conv2D(4, 3)]).save(path)
    assert "built" in refusal(backbone=str(path))


@pytest.mark.parametrize(("size_px", "channels"), [(64, 3), (None, 1)])
def test_a_backbone_for_other_images_is_refused_with_both_shapes(
    tmp_path: Path, size_px: int | None, channels: int
) -> None:
    message = refusal(backbone=str(tiny_backbone(tmp_path / "b.keras", size_px, channels)))
    assert message.index("(None, 32, 32, 3)") < message.index(f"(None, {size_px}, {size_px}, {channels})")


def test_a_classifier_instead_of_a_backbone_is_refused(tmp_path: Path) -> None:
    inputs = keras.Input((32, 32, 3))
    path = tmp_path / "classifier.keras"
    keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs))).save(path)
    assert "(None, h, w, c)" in refusal(backbone=str(path))


@pytest.mark.parametrize("strided", [False, True])
def test_a_backbone_too_deep_for_the_images_is_refused_with_their_size(tmp_path: Path, strided: bool) -> None:
    x = inputs = keras.Input((None, None, 3))
    for number in range(6):
        x = keras.layers.Conv2D(4, 3, strides=2 if strided else 1, padding="valid" if strided else "same")(x)
        x = x if strided else keras.layers.MaxPooling2D(2, name=f"pool{number}")(x)
    path = tmp_path / "deep.keras"
    keras.Model(inputs, x).save(path)
    message = refusal(backbone=str(path))
    assert re.search("deep.keras: .*images of 32 px.*train.image_size_px", message)
    big = tiny_train(backbone=str(path)).model_copy(update={"image_size_px": 256})
    assert min(build_backbone(big).compute_output_shape((None, 256, 256, 3))[1:3]) >= 1


def test_a_backbone_without_weights_is_refused(tmp_path: Path) -> None:
    inputs = keras.Input((32, 32, 3))
    keras.Model(inputs, keras.layers.AveragePooling2D(4)(inputs)).save(tmp_path / "bare.keras")
    assert re.search(
        "bare.keras: expected a network with weights", refusal(backbone=str(tmp_path / "bare.keras"))
    )


def test_a_head_that_this_machine_cannot_hold_is_refused_before_it_is_built() -> None:
    with pytest.raises(DeviceError, match=r"train\.head\.units.* 5,140,000,001 weights.* 103 GB") as error:
        require_memory_for(tiny_train(head={"units": [10_000_000]}).head, 512)
    assert "batch_size" not in str(error.value)
