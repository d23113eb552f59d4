"""Whatever happened to a `.keras` file: one line, within 20 s, and nothing in it is executed."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import keras
import pytest

from pawtrace.base.errors import TrainingError
from pawtrace.inference.photo_predictions import photo_classifier
from pawtrace.learning.networks.backbones import build_backbone
from tests.learning.networks.damaged_models import damage
from tests.learning.tiny import tiny_backbone, tiny_train

pytestmark = pytest.mark.slow

_LIMIT_S = 20
Load = Callable[[Path], object]


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_backbone(tmp_path_factory.mktemp("backbone") / "good.keras")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("classifier") / "good.keras"
    images = keras.Input((32, 32, 3), dtype="uint8")
    x = keras.layers.Conv2D(8, 3, name="first")(keras.layers.Rescaling(1 / 255)(images))
    x = keras.layers.Dense(1, activation="sigmoid")(keras.layers.GlobalAveragePooling2D()(x))
    keras.Model(images, x).save(path)
    return path


def load_backbone(path: Path) -> object:
    return build_backbone(tiny_train(backbone=str(path)))


def refusal(load: Load, path: Path) -> str:
    """What is said of a file; nothing where it is loaded."""
    try:
        load(path)
    except TrainingError as error:
        return str(error)
    return ""


def check_all(good: Path, load: Load, numbers: range, folder: Path) -> int:
    """Load damaged copies of a good file; how many were refused."""
    load(good)
    num_refused = 0
    for number in numbers:
        path = folder / f"{number}.keras"
        shutil.copy(good, path)
        damaged = damage(number, path)
        start = time.monotonic()
        said = refusal(load, path)
        assert time.monotonic() - start < _LIMIT_S, (number, damaged)
        assert said or not damaged.is_refused, (number, damaged)
        if said:
            num_refused += 1
            assert path.name in said, (number, damaged)
            assert said.isprintable(), (number, damaged, said)
            assert len(said) < 600, (number, damaged)
    return num_refused


@pytest.mark.filterwarnings("ignore:.*metadata")
@pytest.mark.parametrize(
    "numbers", [range(5), pytest.param(range(5, 50), marks=pytest.mark.long)], ids=["5", "45 more"]
)
@pytest.mark.parametrize("kind", ["backbone", "classifier"])
def test_a_damaged_file_is_refused_in_one_line_that_names_it(
    kind: str, numbers: range, project: Path, request: pytest.FixtureRequest
) -> None:
    load: Load = load_backbone if kind == "backbone" else photo_classifier
    assert check_all(request.getfixturevalue(kind), load, numbers, project) > len(numbers) * 0.7
    assert not Path("executed").exists()
