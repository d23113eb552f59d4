"""Archives that are refused whole: names that escape, links, bombs, too many files or bytes."""

import copy
import lzma
import os
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.archive import archive_digest
from pawtrace.dataset.sources.containers.usage import Usage
from tests.dataset.photos import CONTAINERS, add_to_tar, encrypted, pet_files, photo, write_archive
from tests.dataset.sources.archives.opening import members, refusal


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
