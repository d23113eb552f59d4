import hashlib
import os
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.archive import Archive, Member, archive_digest, checked_digest
from tests.dataset.photos import CONTAINERS, LIMITS, add_to_tar, pet_files, write_archive
from tests.dataset.sources.archives.opening import members, refusal


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_gives_the_same_files_and_folders(tmp_path: Path, container: str) -> None:
    path = write_archive(tmp_path / container, pet_files())

    assert {name: member.content for name, member in members(path).items()} == pet_files()
    assert Archive(path, LIMITS).layout.folders == ["Cat", "Dog", "PetImages"]


def test_empty_folders_are_seen(tmp_path: Path) -> None:
    write_archive(tmp_path / "folder", {"Cat/1.jpg": b"1"})
    (tmp_path / "folder/Dog").mkdir()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.mkdir("Dog")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        add_to_tar(tar, "./", type=tarfile.DIRTYPE)
        add_to_tar(tar, "./Dog", type=tarfile.DIRTYPE)

    assert Archive(tmp_path / "folder", LIMITS).layout.folders == ["Cat", "Dog"]
    assert Archive(tmp_path / "a.zip", LIMITS).layout.folders == ["Dog"]
    assert Archive(tmp_path / "a.tar", LIMITS).layout.folders == ["Dog"]


@pytest.mark.parametrize("container", ["a.zip", "a.tar"])
def test_names_come_with_forward_slashes_and_in_utf8(tmp_path: Path, container: str) -> None:
    path = write_archive(tmp_path / container, {"Pet\\Cat\\1.jpg": b"1", "./Pet//Dog/\N{DOG}.jpg": b"2"})

    assert set(members(path)) == {"Pet/Cat/1.jpg", "Pet/Dog/\N{DOG}.jpg"}


def test_a_name_that_is_not_utf8_stays_printable(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar", {"Cat/\udcff.jpg": b"1"})

    assert set(members(path)) == {"Cat/\N{REPLACEMENT CHARACTER}.jpg"}


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"Rar!\x1a\7\1\0", "RAR archive.*unpack"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive.*unpack"),
        (b"\x28\xb5\x2f\xfd", "Zstandard file.*unpack"),
        (b"<!DOCTYPE html><title>Virus scan warning", "HTML page.*download"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer.*git lfs pull"),
        (b"%PDF-1.4", "PDF document"),
        (b"", "empty file"),
    ],
)
def test_what_is_named_as_a_zip_and_is_none_is_called_by_its_name(
    tmp_path: Path, start: bytes, said: str
) -> None:
    (tmp_path / "a.zip").write_bytes(start)

    assert re.search(said, refusal(tmp_path / "a.zip"))


@pytest.mark.parametrize("container", CONTAINERS[:-1])
@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_a_truncated_archive_is_refused(tmp_path: Path, container: str, kept: float) -> None:
    path = write_archive(tmp_path / container, pet_files(num_each=20))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])

    assert "truncated" in refusal(path)


def test_a_tar_cut_at_the_border_of_a_member_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar", {"Cat/1.jpg": bytes(512), "Cat/2.jpg": bytes(512)})
    path.write_bytes(path.read_bytes()[: 2 * 1024])

    assert "truncated" in refusal(path)


def test_a_compressed_tar_without_its_checksum_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar.gz", pet_files())
    path.write_bytes(path.read_bytes()[:-4])

    assert "truncated" in refusal(path)


def test_a_tar_with_a_damaged_header_is_refused_rather_than_cut_short(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar", {"Cat/1.jpg": bytes(512), "Cat/2.jpg": bytes(512)})
    content = bytearray(path.read_bytes())
    content[1024] ^= 0xFF
    path.write_bytes(content)

    assert "damaged" in refusal(path)


def test_a_damaged_compressed_tar_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar.gz", pet_files(num_each=20))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)

    assert "damaged" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x00\x7f\x80", bytes(300)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)

    assert re.search("zip.*tar.*folder", refusal(tmp_path / "a.zip"))


def test_a_missing_archive_is_refused(tmp_path: Path) -> None:
    assert "missing" in refusal(tmp_path / "a.zip")
    with pytest.raises(DataError, match="missing"):
        archive_digest(tmp_path / "a.zip")


def test_a_damaged_member_of_a_zip_is_listed_and_the_others_are_read(tmp_path: Path) -> None:
    files = pet_files()
    path = write_archive(tmp_path / "a.zip", files)
    content = bytearray(path.read_bytes())
    content[content.find(b"PetImages/Cat/1.jpg") + 100] ^= 0xFF
    path.write_bytes(content)

    found = members(path)

    assert found["PetImages/Cat/1.jpg"] == Member("PetImages/Cat/1.jpg", None, "damaged in the archive")
    assert {name for name, member in found.items() if member.content == files[name]} == set(files) - {
        "PetImages/Cat/1.jpg"
    }


def test_later_files_of_the_same_name_are_listed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        add_to_tar(tar, "Cat/1.jpg", b"first")
        add_to_tar(tar, "./Cat/1.jpg", b"second")

    first, second = Archive(tmp_path / "a.tar", LIMITS).members()

    assert first == Member("Cat/1.jpg", b"first", None)
    assert second == Member("Cat/1.jpg", None, "duplicate name in the archive")


def test_a_file_too_large_for_any_allowed_image_is_not_read(tmp_path: Path) -> None:
    content = os.urandom(2**24 + 8 * 100 + 1)
    path = write_archive(tmp_path / "a.tar", {"Cat/1.jpg": content})

    (member,) = members(path, max_image_pixels=100, max_unpacked_bytes=10**9).values()

    assert member.content is None
    assert str(member.problem).startswith("too many bytes")


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"abc")

    assert archive_digest(tmp_path / "a.zip") == hashlib.sha256(b"abc").hexdigest()


def test_the_digest_of_a_folder_is_that_of_its_names_and_contents(tmp_path: Path) -> None:
    files = {"Dog/1.jpg": b"d", "Cat/1.jpg": b"c"}
    first = write_archive(tmp_path / "first", files)
    second = write_archive(tmp_path / "second", dict(reversed(files.items())))
    lines = "".join(
        sorted(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    )

    assert archive_digest(first) == archive_digest(second) == hashlib.sha256(lines.encode()).hexdigest()
    (second / "Cat/1.jpg").rename(second / "Cat/2.jpg")
    assert archive_digest(first) != archive_digest(second)


def test_a_wrong_digest_says_what_was_expected_and_found(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", pet_files())
    found = archive_digest(path)

    assert checked_digest(path, None) == checked_digest(path, found) == found
    with pytest.raises(DataError, match=f"data.archive_sha256.*{'0' * 64}.*{found}"):
        checked_digest(path, "0" * 64)
