"""The published cats_vs_dogs: from a copy, an earlier download, or the network; else one line."""

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.checksums import UrlInfo
from tensorflow_datasets.image_classification import cats_vs_dogs

from pawtrace.base.files import sha256_of
from pawtrace.dataset.examples.raw import raw_size
from pawtrace.dataset.sources import network, published
from pawtrace.running.entry_point import run_stage
from stages import download
from tests.dataset.photos import published_files, write_archive
from tests.stages.downloading import RAW, SetData, failure, rejected

pytestmark = pytest.mark.usefixtures("project", "no_network")


def test_offline_without_a_copy_says_what_to_put_where(
    set_data: SetData, finished: Callable[[], None]
) -> None:
    set_data(source="cats_vs_dogs")
    start = time.monotonic()

    message = failure()

    assert time.monotonic() - start < 15
    for part in (
        "Name or service not known",
        "https://download.microsoft.com/download/",
        "kagglecatsanddogs_5340.zip",
        "824887076 bytes",
        "sha256 b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
        "data/archives/kagglecatsanddogs_5340.zip",
        "data.archive",
        "run: dvc repro download",
    ):
        assert part in message
    finished()


def test_a_network_that_hangs_is_given_up(set_data: SetData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: time.sleep(5))
    monkeypatch.setattr(network, "_TOTAL_TIMEOUT_S", 0.1)
    set_data(source="cats_vs_dogs")

    assert "0.1 s" in failure()


@pytest.fixture
def tiny_published(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small archive that passes for the published one, under a name of its own."""
    path = write_archive(Path("my copy.zip"), published_files())
    info = UrlInfo(tfds.core.utils.Size(path.stat().st_size), sha256_of(path), "kagglecatsanddogs_5340.zip")
    monkeypatch.setattr(cats_vs_dogs.CatsVsDogs, "url_infos", {cats_vs_dogs._URL: info})
    monkeypatch.setattr(cats_vs_dogs, "_NUM_CORRUPT_IMAGES", 2)
    return path


def test_another_number_of_files_without_a_header_is_refused(
    set_data: SetData, tiny_published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cats_vs_dogs, "_NUM_CORRUPT_IMAGES", 3)
    set_data(source="cats_vs_dogs", archive=str(tiny_published))

    assert "expected 3 files without a JFIF header, found 2" in failure()


def test_a_local_copy_under_any_name_is_used_instead_of_the_network(
    set_data: SetData, tiny_published: Path, no_network: list[str]
) -> None:
    set_data(source="cats_vs_dogs", archive=str(tiny_published))

    run_stage(download.main, "download")

    assert raw_size(RAW) == 6
    assert [row["reason"] for row in rejected()] == ["no JFIF header"] * 2 + ["outside the class folders"] * 2
    source = json.loads((RAW / "source.json").read_text())
    assert source["archive"] == "kagglecatsanddogs_5340.zip"
    assert source["num_examples"] == {"cat": 3, "dog": 3}
    assert not no_network


def test_a_download_of_an_earlier_run_is_used_again(
    set_data: SetData, tiny_published: Path, no_network: list[str]
) -> None:
    kept = Path(".pawtrace/downloads/cats_vs_dogs/mangled.zip")
    kept.parent.mkdir(parents=True)
    tiny_published.rename(kept)
    set_data(source="cats_vs_dogs")

    run_stage(download.main, "download")

    assert raw_size(RAW) == 6
    assert not no_network


@pytest.mark.parametrize(
    ("change", "said"), [(lambda content: content[:-1], "bytes"), (lambda c: c[:-1] + b"x", "sha256")]
)
def test_a_copy_that_is_not_the_published_one_is_one_line(
    set_data: SetData,
    tiny_published: Path,
    change: Callable[[bytes], bytes],
    said: str,
    finished: Callable[[], None],
) -> None:
    tiny_published.write_bytes(change(tiny_published.read_bytes()))
    set_data(source="cats_vs_dogs", archive=str(tiny_published))

    message = failure()

    assert "my copy.zip: " in message
    assert said in message
    finished()


def test_a_download_that_breaks_off_is_one_line_and_leaves_no_rest(
    set_data: SetData, monkeypatch: pytest.MonkeyPatch, finished: Callable[[], None]
) -> None:
    def break_off(manager: Any, _: str) -> None:
        (manager.download_dir / "cats.zip.tmp.1234").mkdir()
        raise ConnectionError("Connection\nreset by peer")

    monkeypatch.setattr(published, "unreachable", lambda _: None)
    monkeypatch.setattr(tfds.download.DownloadManager, "download", break_off)
    set_data(source="cats_vs_dogs")

    assert "Connection reset by peer" in failure()
    assert not list(Path(".pawtrace").rglob("*.tmp.*"))
    finished()
