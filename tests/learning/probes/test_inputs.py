"""What goes into a network: its range, where its weights come from, and what augmentation leaves."""

from typing import Any

import numpy as np
import pytest

from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning.probes.inputs import input_range, picture_contrast
from pawtrace.learning.probes.sample import balanced_sample
from tests.conftest import write_records
from tests.learning.tiny import tiny_train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Records]:
    folder = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 24, "validation": 8, "test": 8})
    return open_records(folder)


def test_blank_pictures_and_noise_have_no_contrast_left(records: dict[str, Records]) -> None:
    sample = balanced_sample(records["train"], 32, 12, seed=0)
    ids = list(sample.ids)

    def white(image: np.ndarray, *_: object) -> np.ndarray:
        return np.full_like(image, 255)

    def noise(image: np.ndarray, example_id: str, _: int) -> np.ndarray:
        return np.random.default_rng(len(example_id)).integers(0, 256, image.shape).astype(np.uint8)

    def mirrored(image: np.ndarray, *_: object) -> np.ndarray:
        return image[:, ::-1]

    plain, kept = picture_contrast(sample.images, mirrored, ids).values()
    assert kept == pytest.approx(plain)
    assert picture_contrast(sample.images, white, ids)["augmented"] == 0
    assert picture_contrast(sample.images, noise, ids)["augmented"] < 0.3 * plain


def test_unit_scaling_shows_far_below_what_weights_expect(records: dict[str, Records]) -> None:
    images = balanced_sample(records["train"], 32, 8, seed=0).images
    for backbone in ("vgg16", "any.keras"):
        unit = input_range(tiny_train(backbone=backbone, input_scaling="zero_to_one"), images)
        assert unit["received"]["max"] <= 1
        assert unit["received"]["std"] < unit["expected"]["std"] / 100
        own = input_range(tiny_train(backbone=backbone, input_scaling="backbone"), images)
        assert own["received"] == own["expected"] == unit["expected"]
    assert own["expected"]["max"] == images.max()


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"backbone": "vgg16", "weights": None}, "random"),
        ({"backbone": "vgg16", "weights": "imagenet"}, "imagenet"),
        ({"backbone": "vgg16", "weights": "some.weights.h5"}, "file"),
        ({"backbone": "some.keras", "weights": None}, "file"),
    ],
)
def test_the_weights_are_named(settings: dict[str, Any], kind: str) -> None:
    assert input_range(tiny_train(**settings), np.zeros((2, 32, 32, 3), np.uint8))["weights"] == kind
