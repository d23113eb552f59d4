"""What people have becomes data/raw: phones' formats, labels in names, zips in zips, links."""

import json
import re
from pathlib import Path

import pytest

from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.examples.raw import read_raw
from pawtrace.dataset.sources import builders
from pawtrace.running.entry_point import run_stage
from stages import download
from tests.dataset.photos import encoded, pet_files, photo, pixels, write_archive
from tests.dataset.sources.archives.test_nested_archives import zipped
from tests.stages.downloading import RAW, SetData, failure, rejected

pytestmark = pytest.mark.usefixtures("project", "no_network")


def labels() -> dict[str, int]:
    return {raw.id: raw.label for raw in read_raw(RAW)}


def test_photos_of_phones_are_read_and_later_stages_decode_them(set_data: SetData) -> None:
    formats = ("HEIF", "AVIF", "TIFF", "WEBP")
    odd = {f"PetImages/Cat/{name}.jpg": encoded(pixels(9), name) for name in formats}
    write_archive(Path("a.zip"), pet_files() | odd)
    set_data(archive="a.zip")

    run_stage(download.main, "download")

    assert labels().keys() == pet_files().keys() | odd.keys()
    assert {decode(raw.encoded).shape for raw in read_raw(RAW)} == {(12, 16, 3)}
    assert rejected() == []


def test_labels_come_from_a_pattern_in_zips_within_a_zip(set_data: SetData) -> None:
    train = {
        f"train/{label}.{n}.jpg": photo(10 * seed + n)
        for seed, label in enumerate(("cat", "dog"))
        for n in (1, 2)
    }
    inner = {"train.zip": zipped(train), "test1.zip": zipped({"test1/1.jpg": photo(77)}), "a.csv": b"id"}
    write_archive(Path("a.zip"), inner)
    set_data(archive="a.zip", label_pattern={"cat": r"(^|/)cat\.", "dog": r"(^|/)dog\."})

    run_stage(download.main, "download")

    assert labels() == {f"train.zip/{name}": int("dog" in name) for name in train}
    assert [row["file"] for row in rejected()] == ["a.csv", "test1.zip/test1/1.jpg"]
    assert all("data.label_pattern" in row["reason"] for row in rejected())
    assert json.loads((RAW / "source.json").read_text())["num_examples"] == {"cat": 2, "dog": 2}


def test_a_pattern_without_photos_is_one_line(set_data: SetData) -> None:
    write_archive(Path("a.zip"), {"cat.1.jpg": photo(), "dog.1.jpg": b"<html>"})
    set_data(archive="a.zip", label_pattern={"cat": "cat", "dog": "dog"})

    assert re.search("data.label_pattern.dog: .*1 rejected: 1 HTML page", failure())


def test_linked_folders_are_followed_if_asked_for(
    set_data: SetData, capsys: pytest.CaptureFixture[str]
) -> None:
    write_archive(Path("disk"), pet_files())
    Path("photos").symlink_to("disk")
    Path("disk/PetImages/Dog/more").symlink_to(Path("disk/PetImages/Cat").resolve())
    set_data(archive="photos", follow_links=True)

    run_stage(download.main, "download")

    assert "dvc repro --force download" in capsys.readouterr().out  # DVC does not look behind such links
    assert len(labels()) == 9  # the three of Cat again, by a path whose deepest class folder is Dog


def test_examples_that_do_not_fit_into_memory_are_sorted_on_disk_to_the_same_bytes(
    set_data: SetData, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_archive(Path("a.zip"), pet_files(20))
    set_data(archive="a.zip")
    results = []
    for num_bytes in (10**9, 2000):
        monkeypatch.setattr(builders.shuffle, "MAX_MEM_BUFFER_SIZE", num_bytes)
        download.main()
        results.append({path.name: path.read_bytes() for path in RAW.iterdir()})
    assert results[0] == results[1]
