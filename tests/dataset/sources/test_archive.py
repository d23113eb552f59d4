import copy
import hashlib
import lzma
import os
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.archive import Archive, Member, archive_digest, checked_digest
from pawtrace.dataset.sources.containers.usage import Usage
from tests.dataset.photos import CONTAINERS, LIMITS, add_to_tar, encrypted, pet_files, photo, write_archive


def members(path: Path, **limits: float) -> dict[str, Member]:
    archive = Archive(path, LIMITS.model_copy(update=limits))
    return {member.name: member for member in archive.members()}


def refusal(path: Path, **limits: float) -> str:
    """Why an archive is refused, which must be said in one line that names it."""
    with pytest.raises(DataError) as error:
        members(path, **limits)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    return message


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


@pytest.mark.parametrize("container", ["a.zip", "a.tar", "a.tar.gz"])
@pytest.mark.parametrize(
    "name",
    ["../x.jpg", "a/../../x.jpg", "/etc/x.jpg", "..\\x.jpg", "\\x.jpg", "C:\\x.jpg", "c:x.jpg", "a/.."],
)
def test_a_name_that_would_escape_refuses_the_whole(tmp_path: Path, container: str, name: str) -> None:
    path = write_archive(tmp_path / container, {**pet_files(), name: b"x"})

    assert repr(name) in refusal(path)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
    ],
)
def test_links_and_devices_in_a_tar_refuse_the_whole(tmp_path: Path, kind: bytes, said: str) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        add_to_tar(tar, "Cat/1.jpg", b"1")
        add_to_tar(tar, "Cat/2.jpg", type=kind, linkname="Cat/1.jpg")

    assert said in refusal(tmp_path / "a.tar")


def test_a_sparse_file_in_a_tar_refuses_the_whole(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        sparse = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "9000000"}
        add_to_tar(tar, "Cat/1.jpg", b"1", pax_headers=sparse)

    assert "sparse" in refusal(tmp_path / "a.tar")


def test_a_link_in_a_zip_refuses_the_whole(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("Cat/1.jpg")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    assert re.search("link.*'Cat/1.jpg'", refusal(tmp_path / "a.zip"))


@pytest.mark.parametrize("target", ["Cat/0.jpg", "Cat"])
def test_a_link_in_a_folder_refuses_the_whole(tmp_path: Path, target: str) -> None:
    folder = write_archive(tmp_path / "folder", {"Cat/0.jpg": b"1"})
    (folder / "link").symlink_to(folder / target)

    assert re.search("link.*'link'", refusal(folder))
    with pytest.raises(DataError, match="link.*'link'"):
        archive_digest(folder)


def test_a_pipe_in_a_folder_refuses_the_whole(tmp_path: Path) -> None:
    folder = write_archive(tmp_path / "folder", {"Cat/0.jpg": b"1"})
    os.mkfifo(folder / "pipe")

    assert re.search("pipe.*'pipe'", refusal(folder))


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", pet_files())
    path.write_bytes(encrypted(path.read_bytes()))

    assert "encrypted" in refusal(path)


@pytest.mark.parametrize(("method", "said"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")])
def test_a_zip_that_is_compressed_in_an_unusual_way_is_refused_by_name(
    tmp_path: Path, method: int, said: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("Cat/1.jpg", photo())
        archive.writestr("Cat/2.jpg", photo(), method)

    assert re.search(f"{said}.*'Cat/2.jpg'.*Deflate", refusal(tmp_path / "a.zip"))


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


@pytest.mark.parametrize("container", CONTAINERS)
def test_more_files_than_allowed_are_refused(tmp_path: Path, container: str) -> None:
    path = write_archive(tmp_path / container, pet_files())

    assert re.search("data.limits.max_files.*4", refusal(path, max_files=4))


@pytest.mark.parametrize("container", CONTAINERS[:-1])
def test_a_name_that_no_disk_could_hold_is_refused(tmp_path: Path, container: str) -> None:
    path = write_archive(tmp_path / container, {"Cat/" + "x" * 5000: b"1"})

    assert re.search("name of 5004 characters", refusal(path))


@pytest.mark.parametrize("preset", [6, 9])
def test_any_honest_xz_is_read(tmp_path: Path, preset: int) -> None:
    write_archive(tmp_path / "a.tar", pet_files())
    halves = (tmp_path / "a.tar").read_bytes()
    packed = [lzma.compress(part, preset=preset) for part in (halves[:5000], halves[5000:])]
    (tmp_path / "a.tar.xz").write_bytes(packed[0] + bytes(8) + packed[1])  # as several streams, with padding

    assert {name: member.content for name, member in members(tmp_path / "a.tar.xz").items()} == pet_files()


@pytest.mark.parametrize("container", CONTAINERS)
def test_more_bytes_than_allowed_are_refused(tmp_path: Path, container: str) -> None:
    path = write_archive(tmp_path / container, pet_files())

    assert re.search("max_unpacked_bytes.*1000", refusal(path, max_unpacked_bytes=1000))


@pytest.mark.parametrize("container", ["a.zip", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_what_compresses_too_well_is_a_bomb(tmp_path: Path, container: str) -> None:
    path = write_archive(tmp_path / container, {"Cat/1.jpg": bytes(5_000_000)})

    assert "bomb" in refusal(path)
    assert members(path, max_compression_ratio=100_000.0)


def test_one_bomb_among_honest_files_is_found(tmp_path: Path) -> None:
    files = {"Cat/1.jpg": os.urandom(100_000), "Cat/2.jpg": bytes(1_000_000)}

    assert re.search("'Cat/2.jpg'.*bomb", refusal(write_archive(tmp_path / "a.zip", files)))


def test_tiny_files_are_never_a_bomb(tmp_path: Path) -> None:
    files = {"Cat/1.jpg": bytes(90_000)}

    for container in ("a.zip", "a.tar.gz"):
        assert members(write_archive(tmp_path / container, files), max_compression_ratio=2.0)


def test_a_bomb_in_a_tar_is_stopped_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_archive(tmp_path / "a.tar.gz", {"Cat/1.jpg": bytes(100_000_000)})
    unpacked = []
    check_ratio = Usage.check_ratio
    monkeypatch.setattr(Usage, "check_ratio", lambda *args: (unpacked.append(args[2]), check_ratio(*args)))

    assert "bomb" in refusal(path, max_unpacked_bytes=10**12)
    assert max(unpacked) < 25_000_000  # 200 times the size of the file, and a chunk


def test_members_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Cat/0.jpg", (bytes(150) + b"photo") * 2000)
        for number in range(1, 50):
            shared = copy.copy(archive.infolist()[0])
            shared.filename = f"Cat/{number}.jpg"
            archive.filelist.append(shared)

    assert "bomb" in refusal(tmp_path / "a.zip")


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
