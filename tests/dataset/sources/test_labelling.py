"""A label is told by a folder or by a pattern; where neither fits, the line says what would."""

import re
from pathlib import Path

import pytest

from pawtrace.dataset.sources.labelling import NO_LABEL, TWO_LABELS
from pawtrace.dataset.sources.layout import KNOWN_PATTERNS
from tests.dataset.photos import data_params, photo, write_archive
from tests.dataset.sources.archives.reading import read_all

KAGGLE = ["train/cat.0.jpg", "train/cat.1.jpg", "train/dog.0.jpg", "train/dog.1.jpg"]
OXFORD = [
    "images/Abyssinian_1.jpg",
    "images/Maine_Coon_12.jpg",
    "images/beagle_1.jpg",
    "images/saint_bernard_3.jpg",
]
LABELS = ["cat", "cat", "dog", "dog"]


def archive(tmp_path: Path, names: list[str]) -> Path:
    return write_archive(tmp_path / "a.zip", {name: photo(number) for number, name in enumerate(names)})


@pytest.mark.parametrize("names", [KAGGLE, OXFORD, [name.replace(".", "_", 1) for name in KAGGLE]])
def test_a_known_layout_is_answered_with_the_pattern_that_reads_it(tmp_path: Path, names: list[str]) -> None:
    path = archive(tmp_path, names)
    said = read_all(path, data_params()).refusal or ""
    assert re.search("found the folders: (train|images)", said)
    found = re.search(r"data.label_pattern: \{cat: '(.*)', dog: '(.*)'\}", said)
    assert found is not None

    patterns = {"cat": found[1], "dog": found[2]}
    outcome = read_all(path, data_params(label_pattern=patterns))

    assert patterns in KNOWN_PATTERNS
    assert outcome.kept == dict(zip(names, LABELS, strict=True))


def test_folders_that_name_their_label_are_answered_with_the_classes(tmp_path: Path) -> None:
    path = archive(tmp_path, ["train/cats/1.jpg", "train/my dogs/1.jpg"])

    assert "data.classes: {cats: cat, my dogs: dog}" in str(read_all(path, data_params()).refusal)


@pytest.mark.parametrize("name", ["images.tar.gz", "a/images.TAR", "photos.rar"])
def test_an_archive_within_that_is_not_opened_is_named(tmp_path: Path, name: str) -> None:
    said = read_all(archive(tmp_path, ["readme.txt", name]), data_params()).refusal
    assert re.search(f"{name}.*unpack", str(said))


def test_an_unknown_layout_gets_no_advice_that_would_not_help(tmp_path: Path) -> None:
    said = read_all(archive(tmp_path, ["a/1.jpg", "b/2.jpg"]), data_params()).refusal
    assert "a, b" in str(said)
    assert "label_pattern" not in str(said)


def test_what_matches_no_pattern_or_both_is_listed(tmp_path: Path) -> None:
    path = archive(tmp_path, [*KAGGLE, "train/cat.dog.jpg", "train/1.jpg"])
    patterns = {"cat": r"cat\.", "dog": r"dog\."}

    outcome = read_all(path, data_params(label_pattern=patterns))

    assert outcome.kept == dict(zip(KAGGLE, LABELS, strict=True))
    assert outcome.rejected == {"train/cat.dog.jpg": TWO_LABELS, "train/1.jpg": NO_LABEL}
