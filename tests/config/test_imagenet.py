"""What we know of published backbones is what Keras knows; a copy of the weights is found."""

from pathlib import Path
from typing import Any

import keras
import pytest
from keras.src.utils import file_utils

from pawtrace.config.imagenet import PUBLISHED, find_weights, how_to_provide
from pawtrace.config.train_params import BACKBONES


def put(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.touch()
    return path


def test_every_backbone_of_params_is_described() -> None:
    assert set(PUBLISHED) == set(BACKBONES)


@pytest.mark.parametrize("backbone", PUBLISHED)
def test_file_url_and_hash_are_those_that_keras_asks_for(
    backbone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def get_file(name: str, url: str, cache_subdir: str, file_hash: str | None = None) -> None:
        asked.append((name, url, cache_subdir, file_hash))
        raise ConnectionError

    monkeypatch.setattr(file_utils, "get_file", get_file)
    published = PUBLISHED[backbone]
    with pytest.raises(ConnectionError):
        getattr(keras.applications, published.application)(include_top=False, input_shape=(224, 224, 3))
    assert asked == [(published.file_name, published.url, "models", published.md5)]


def test_a_copy_is_looked_for_in_the_project_then_in_kerass_cache(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = PUBLISHED["vgg16"].file_name
    monkeypatch.setenv("KERAS_HOME", str(project / "keras"))
    assert find_weights("vgg16") is None
    in_cache = put(project / "keras/models", name)
    assert find_weights("vgg16") == in_cache
    in_project = put(Path("data/weights"), name)
    assert find_weights("vgg16") == in_project
    assert find_weights("mobilenet_v2") is None


def test_without_keras_home_the_cache_lies_in_the_users_home(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(project))
    in_home = put(project / ".keras/models", PUBLISHED["vgg16"].file_name)
    assert find_weights("vgg16") == in_home
    assert "data/weights/ or ~/.keras/models/" in how_to_provide(["vgg16"])
