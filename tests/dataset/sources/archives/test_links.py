"""Links in a folder of photos are followed if params ask for it, and never in a circle."""

import re
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.archive import archive_digest
from tests.dataset.photos import data_params, photo, write_archive
from tests.dataset.sources.archives.reading import read_all


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose class folders are links to another disk."""
    elsewhere = write_archive(tmp_path / "disk", {"c/1.jpg": photo(1), "d/1.jpg": photo(2)})
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "Cat").symlink_to(elsewhere / "c")
    (folder / "Dog").symlink_to(elsewhere / "d")
    return folder


FOLLOWING = {"follow_links": True}


def test_links_are_refused_with_what_to_set(folder: Path) -> None:
    assert re.search("link.*data.follow_links: true", str(read_all(folder, data_params()).refusal))


def test_links_to_folders_and_files_are_followed(folder: Path) -> None:
    (folder / "Cat/2.jpg").symlink_to(folder / "Dog/1.jpg")

    outcome = read_all(folder, data_params(**FOLLOWING))

    assert outcome.kept == {"Cat/1.jpg": "cat", "Cat/2.jpg": "cat", "Dog/1.jpg": "dog"}


def test_the_digest_follows_what_is_followed(folder: Path) -> None:
    with pytest.raises(DataError, match=r"link.*data.follow_links"):
        archive_digest(folder)
    before = archive_digest(folder, follow_links=True)
    (folder / "Cat/1.jpg").resolve().write_bytes(photo(3))
    assert archive_digest(folder, follow_links=True) != before


def test_a_circle_and_a_link_to_nowhere_are_listed(folder: Path) -> None:
    (folder / "Cat/up").symlink_to(folder)
    (folder / "Cat/around").symlink_to(folder / "Cat")
    (folder / "Dog/gone.jpg").symlink_to(folder / "nowhere")
    (folder / "Dog/self.jpg").symlink_to(folder / "Dog/self.jpg")

    outcome = read_all(folder, data_params(**FOLLOWING))

    assert outcome.kept == {"Cat/1.jpg": "cat", "Dog/1.jpg": "dog"}
    assert set(outcome.rejected) == {"Cat/up", "Cat/around", "Dog/gone.jpg", "Dog/self.jpg"}
    assert archive_digest(folder, follow_links=True)


def test_a_link_in_a_zip_is_refused_even_so(tmp_path: Path) -> None:
    import zipfile

    link = zipfile.ZipInfo("Cat/1.jpg")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    assert re.search("a link", str(read_all(tmp_path / "a.zip", data_params(**FOLLOWING)).refusal))
