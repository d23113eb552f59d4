"""Names are decoded as they were written, and compared as people see them."""

import tarfile
import unicodedata
import zipfile
from pathlib import Path

import pytest

from pawtrace.dataset.sources.archive import Archive
from tests.dataset.photos import LIMITS, add_to_tar, data_params, photo, write_archive
from tests.dataset.sources.archives.reading import read_all


def raw_zip(path: Path, names: list[bytes]) -> Path:
    """A zip with exactly these bytes as names, none marked as UTF-8."""
    stand_ins = [f"{number:02d}".ljust(len(name), "_") for number, name in enumerate(names)]
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(stand_ins):
            archive.writestr(name, photo(number))
    content = path.read_bytes()
    for stand_in, name in zip(stand_ins, names, strict=True):
        content = content.replace(stand_in.encode(), name)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("encoding", "cats", "dogs"),
    [
        ("utf-8", "Kätzchen", "Hunde"),
        ("cp437", "Kätzchen", "Welpen für alle"),
        ("cp437", "café é à", "niños"),
        ("gbk", "猫", "狗"),
        ("gbk", "小猫咪的照片", "狗狗"),
        ("utf-8", "猫", "狗"),
        ("utf-8", "кошки", "собаки"),
    ],
)
def test_names_without_a_mark_are_decoded_as_they_were_written(
    tmp_path: Path, encoding: str, cats: str, dogs: str
) -> None:
    names = [f"{cats}/1.jpg".encode(encoding), f"{dogs}/2.jpg".encode(encoding)]
    path = raw_zip(tmp_path / "a.zip", names)

    outcome = read_all(path, data_params(classes={cats: "cat", dogs: "dog"}))

    assert outcome.kept == {f"{cats}/1.jpg": "cat", f"{dogs}/2.jpg": "dog"}


def test_a_tar_and_a_folder_with_names_in_gbk_are_decoded(tmp_path: Path) -> None:
    name = "小猫咪/1.jpg".encode("gbk").decode("utf-8", "surrogateescape")
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        add_to_tar(tar, name, b"1")
    write_archive(tmp_path / "folder", {name: b"1"})

    for container in ("a.tar", "folder"):
        (member,) = Archive(tmp_path / container, LIMITS).members()
        assert member.name == "小猫咪/1.jpg"


@pytest.mark.parametrize("in_archive", ["NFC", "NFD"])
@pytest.mark.parametrize("in_params", ["NFC", "NFD"])
def test_composed_and_decomposed_names_of_folders_are_equal(
    tmp_path: Path, in_archive: str, in_params: str
) -> None:
    folder = unicodedata.normalize(in_archive, "Kätzchen")
    path = write_archive(tmp_path / "a.zip", {f"{folder}/1.jpg": photo(), "Hunde/1.jpg": photo(1)})
    classes = {unicodedata.normalize(in_params, "Kätzchen"): "cat", "Hunde": "dog"}

    outcome = read_all(path, data_params(classes=classes))

    assert outcome.kept == {f"{folder}/1.jpg": "cat", "Hunde/1.jpg": "dog"}  # the name stays as it was
