"""Any archive, and the drawn sample, become a dataset in data/raw, or one line says why not."""

import errno
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from pawtrace.base.files import sha256_of
from pawtrace.dataset.examples.raw import raw_size, read_raw
from pawtrace.dataset.sources import builders
from pawtrace.dataset.sources.archive import archive_digest
from pawtrace.running.entry_point import run_stage
from stages import download
from tests.dataset.photos import encoded, encrypted, pet_files, write_archive
from tests.stages.downloading import RAW, SetData, failure, rejected

pytestmark = pytest.mark.usefixtures("project", "no_network")


@pytest.mark.parametrize("container", ["a.zip", "a.tar.xz", "folder"])
def test_an_archive_becomes_a_flat_tfds_dataset(
    set_data: SetData, container: str, no_network: list[str]
) -> None:
    archive = write_archive(Path(container), pet_files() | {"PetImages/Cat/x.jpg": b"", "README": b""})
    set_data(archive=container)

    run_stage(download.main, "download")

    assert tfds.builder_from_directory(RAW).info.splits["train"].num_examples == raw_size(RAW) == 6
    assert {raw.id: raw.encoded for raw in read_raw(RAW)} == pet_files()
    assert rejected() == [
        {"file": "PetImages/Cat/x.jpg", "reason": "empty"},
        {"file": "README", "reason": "outside the class folders"},
    ]
    assert json.loads((RAW / "source.json").read_text()) == {
        "source": "archive",
        "archive": container,
        "archive_sha256": archive_digest(archive),
        "num_examples": {"cat": 3, "dog": 3},
        "num_rejected": 2,
    }
    assert not [path for path in RAW.iterdir() if path.is_dir()]
    assert [path.name for path in RAW.parent.iterdir()] == ["raw"]
    assert not no_network


@pytest.mark.parametrize("container", ["a.zip", "a.tar", "folder"])
def test_names_that_would_break_a_line_of_csv_are_made_readable(set_data: SetData, container: str) -> None:
    photo = encoded(np.full((9, 9, 3), 7, np.uint8))
    odd = {"PetImages/Cat/Icon\r": b"mac", "PetImages/Dog/a\r\nb,c.jpg": photo}
    write_archive(Path(container), pet_files() | odd)
    set_data(archive=container)

    run_stage(download.main, "download")

    assert [row["file"] for row in rejected()] == ["PetImages/Cat/Icon\ufffd"]
    assert {raw.id for raw in read_raw(RAW)} == {*pet_files(), "PetImages/Dog/a\ufffd\ufffdb,c.jpg"}


def test_the_sample_is_drawn_and_read_like_any_archive(set_data: SetData, no_network: list[str]) -> None:
    set_data(source="sample", sample_size=40)

    run_stage(download.main, "download")

    source = json.loads((RAW / "source.json").read_text())
    assert source["source"] == "sample"
    assert sum(source["num_examples"].values()) + source["num_rejected"] == 40
    assert raw_size(RAW) == sum(source["num_examples"].values())
    assert [path.name for path in RAW.parent.iterdir()] == ["raw"]
    assert not no_network


def test_a_second_run_leaves_the_same_bytes(set_data: SetData) -> None:
    set_data(source="sample", sample_size=20)
    results = []
    for _ in range(2):
        download.main()
        results.append({path.name: path.read_bytes() for path in RAW.iterdir()})

    assert results[0] == results[1]


def test_the_last_line_says_what_was_kept_and_rejected(
    set_data: SetData, capsys: pytest.CaptureFixture[str]
) -> None:
    write_archive(Path("data/archives/folder"), pet_files() | {"PetImages/Cat/x.jpg": b""})
    set_data(archive="data/archives/folder")

    download.main()

    line = capsys.readouterr().out.splitlines()[-1]
    assert re.search("download: .*6.*3 cat, 3 dog.*1 empty.*data/raw/rejected.csv", line)


BOMB = encoded(Image.fromarray(np.zeros((200, 300), np.uint8)), "PNG")
GOOD = {"PetImages/Cat/1.jpg": pet_files()["PetImages/Cat/1.jpg"]}


@pytest.mark.parametrize(
    ("files", "limits", "said"),
    [
        (pet_files() | {"../x.jpg": b"x"}, {}, "'../x.jpg'"),
        (pet_files() | {"PetImages/Cat/9.jpg": bytes(10**6)}, {}, "bomb"),
        (pet_files(), {"max_unpacked_bytes": 1000}, "data.limits.max_unpacked_bytes.*1000"),
        (GOOD, {}, "Dog.*data.classes.*Cat, PetImages"),
        (
            GOOD | {"PetImages/Dog/1.jpg": b"", "PetImages/Dog/2.jpg": b"<html>"},
            {},
            "Dog.*data.classes.*2.*1 HTML page, 1 empty",
        ),
        (
            GOOD | {"PetImages/Dog/1.png": BOMB},
            {"max_image_pixels": 50_000},
            "1 too many pixels",
        ),
        ({}, {}, "Cat.*data.classes"),
    ],
)
def test_a_bad_archive_is_one_line_and_loses_nothing(
    set_data: SetData,
    files: dict[str, bytes],
    limits: dict[str, int],
    said: str,
    finished: Callable[[], None],
) -> None:
    write_archive(Path("a.zip"), files)
    set_data(archive="a.zip", limits=limits)

    assert re.search(said, failure())
    finished()


def test_an_empty_class_folder_is_one_line(set_data: SetData, finished: Callable[[], None]) -> None:
    write_archive(Path("folder"), GOOD)
    Path("folder/PetImages/Dog").mkdir()
    set_data(archive="folder")

    assert re.search("Dog.*data.classes.*no files", failure())
    finished()


def test_links_are_one_line(set_data: SetData, finished: Callable[[], None]) -> None:
    write_archive(Path("folder"), pet_files())
    Path("folder/PetImages/Cat/link.jpg").symlink_to("/etc/passwd")
    set_data(archive="folder")

    assert re.search("link.*'PetImages/Cat/link.jpg'", failure())
    finished()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[: len(content) // 2], "truncated"),
        (lambda _: b"<html>404</html>", "zip.*tar.*folder.*HTML page"),
        (encrypted, "encrypted"),
    ],
)
def test_a_damaged_archive_is_one_line(
    set_data: SetData, damage: Callable[[bytes], bytes], said: str, finished: Callable[[], None]
) -> None:
    archive = write_archive(Path("a.zip"), pet_files())
    archive.write_bytes(damage(archive.read_bytes()))
    set_data(archive="a.zip")

    assert re.search(said, failure())
    finished()


def test_a_missing_archive_is_one_line(set_data: SetData, finished: Callable[[], None]) -> None:
    set_data(archive="nowhere.zip")

    assert re.search("nowhere.zip is missing; expected a zip", failure())
    finished()


def test_a_wrong_digest_is_one_line(set_data: SetData, finished: Callable[[], None]) -> None:
    archive = write_archive(Path("a.zip"), pet_files())
    set_data(archive="a.zip", archive_sha256="0" * 64)

    assert re.search(f"data.archive_sha256.*{'0' * 64}.*{sha256_of(archive)}", failure())
    finished()


def test_a_full_disk_is_one_line(
    set_data: SetData, monkeypatch: pytest.MonkeyPatch, finished: Callable[[], None]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_archive(Path("a.zip"), pet_files())
    set_data(archive="a.zip")
    monkeypatch.setattr(builders._SortedWriter, "write", full)

    assert "the disk is full" in failure()
    finished()


@pytest.mark.long
@pytest.mark.skipif(
    "PAWTRACE_PETS_ARCHIVE" not in os.environ, reason="PAWTRACE_PETS_ARCHIVE names no archive"
)
def test_real_photos(set_data: SetData) -> None:
    set_data(archive=os.environ["PAWTRACE_PETS_ARCHIVE"])
    start = time.monotonic()

    run_stage(download.main, "download")

    assert time.monotonic() - start < 60
    assert raw_size(RAW) + len(rejected()) == 5000
    assert raw_size(RAW) >= 4950
