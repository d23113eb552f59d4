"""A zip within an archive is read as if it had been unpacked there; how deep, and how much, is limited."""

import io
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.archive import Archive
from pawtrace.dataset.sources.containers.nested import MAX_DEPTH
from tests.dataset.photos import LIMITS, data_params, encrypted, pet_files, photo, write_archive
from tests.dataset.sources.archives.reading import read_all

pytestmark = pytest.mark.usefixtures("project")
CONTAINERS = ("a.zip", "a.tar", "a.tar.gz", "folder")


def zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as error:
        list(Archive(path, LIMITS).members())
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_files_of_a_zip_within_are_read(container: str) -> None:
    path = write_archive(Path(container), {"PetImages.ZIP": zipped(pet_files()), "readme.txt": b"hi"})

    outcome = read_all(path, data_params())

    assert set(outcome.kept) == {f"PetImages.ZIP/{name}" for name in pet_files()}
    assert set(outcome.rejected) == {"readme.txt"}
    assert not [path for path in Path(".pawtrace").rglob("*") if path.is_file()]


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_zip_within_is_the_folder_that_it_would_unpack_to(container: str) -> None:
    cats, dogs = (zipped({f"{n}.jpg": photo(10 * seed + n) for n in range(2)}) for seed in (1, 2))
    path = write_archive(Path(container), {"cats.zip": cats, "dogs.zip": dogs})

    outcome = read_all(path, data_params(classes={"cats": "cat", "dogs.zip": "dog"}))

    assert outcome.refusal is None
    assert outcome.kept == {
        "cats.zip/0.jpg": "cat",
        "cats.zip/1.jpg": "cat",
        "dogs.zip/0.jpg": "dog",
        "dogs.zip/1.jpg": "dog",
    }


def test_zips_are_opened_down_to_a_depth_and_the_next_one_is_listed() -> None:
    content = zipped({"lowest.jpg": photo()})
    for _ in range(MAX_DEPTH - 1):
        content = zipped({"Cat/in.zip": content, "Cat/1.jpg": photo(), "Dog/1.jpg": photo(1)})
    Path("a.zip").write_bytes(content)
    assert any(name.endswith("lowest.jpg") for name in read_all(Path("a.zip"), data_params()).kept)

    deeper = write_archive(Path("b.zip"), {"in.zip": content})
    outcome = read_all(deeper, data_params())

    assert not any(name.endswith("lowest.jpg") for name in outcome.kept)
    (reason,) = outcome.rejected.values()
    assert re.search("zip archive: unpack", reason)


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_is_no_zip_but_named_so_is_a_file_like_any_other(container: str) -> None:
    path = write_archive(Path(container), pet_files() | {"PetImages/Cat/a.zip": b"<html>"})

    outcome = read_all(path, data_params())

    assert len(outcome.kept) == len(pet_files())
    assert re.search("HTML page", outcome.rejected["PetImages/Cat/a.zip"])


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (zipped(pet_files())[:-30], "in.zip.*truncated"),
        (zipped({"../x.jpg": b"x"}), "in.zip/../x.jpg.*refused"),
        (zipped({"/x.jpg": b"x"}), "absolute"),
        (encrypted(zipped(pet_files())), "encrypted.*password"),
        (zipped({"x.jpg": bytes(2_000_000)}), "in.zip.*bomb"),
        (zipped({"x.jpg": os.urandom(9_000_000)}), "max_unpacked_bytes"),
        (zipped({f"{n}.jpg": b"" for n in range(1001)}), "max_files"),
    ],
)
@pytest.mark.parametrize("container", CONTAINERS)
def test_what_refuses_an_archive_refuses_one_with_such_a_zip_in_it(
    container: str, inner: bytes, said: str
) -> None:
    path = write_archive(Path(container), pet_files() | {"in.zip": inner})

    message = refusal(path)

    assert re.search(said, message)
    assert container in message


def test_a_damaged_zip_in_a_zip_refuses_the_whole() -> None:
    path = write_archive(Path("a.zip"), {"in.zip": zipped(pet_files())})
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)

    assert re.search("in.zip.*damaged", refusal(path))
