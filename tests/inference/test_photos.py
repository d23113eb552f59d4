"""Photos from anywhere become the very records that the pipeline would make of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pawtrace.base.errors import DataError
from pawtrace.config.sections import PreprocessParams
from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.examples.planned import to_record
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.examples.records import parse
from pawtrace.dataset.sources.formats import Rejected
from pawtrace.dataset.sources.inspection import inspect
from pawtrace.inference.photos import find_photos, read_photo
from tests.dataset.photos import encoded, photo, pixels

PREPROCESS = PreprocessParams(image_size_px=16, jpeg_quality=92, examples_per_shard=8)
MAX_PIXELS = 10_000


def test_a_folder_is_searched_at_any_depth_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.jpg", "a/c.jpg", "a/.hidden.jpg", ".cache/d.jpg", "readme.txt", "a/Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    expected = [tmp_path / name for name in ("a/c.jpg", "b.jpg", "readme.txt")]
    assert find_photos([tmp_path]) == expected


def test_links_are_followed_but_not_back_to_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.jpg").touch()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    assert find_photos([folder]) == [folder / "linked" / "1.jpg", folder / "loop"]
    with pytest.raises(Rejected, match="not a file"):
        read_photo(folder / "loop", MAX_PIXELS, PREPROCESS)


def test_a_file_that_is_named_twice_is_one_and_a_missing_one_stays(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    missing = tmp_path / "missing.jpg"
    assert find_photos([missing, tmp_path / "a.jpg", tmp_path]) == [missing, tmp_path / "a.jpg"]


def test_an_empty_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{tmp_path}: .*empty"):
        find_photos([tmp_path])


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize(("name", "file_format"), [("a.jpg", "JPEG"), ("a.PNG", "PNG"), ("a.webp", "WEBP")])
def test_a_photo_becomes_the_record_that_download_and_preprocess_make(
    tmp_path: Path, name: str, file_format: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(pixels(3, width=40, height=24), file_format, exif=exif)
    (tmp_path / name).write_bytes(content)
    stored = inspect(name, content, MAX_PIXELS)
    made = parse(to_record(RawExample(name, 1, stored), PREPROCESS))
    record = read_photo(tmp_path / name, MAX_PIXELS, PREPROCESS)
    assert record.encoded == made.encoded
    assert (decode(record.encoded).shape[0] > 16) == (orientation == 6)  # upright


def test_a_photos_id_depends_on_its_content_alone(tmp_path: Path) -> None:
    for name, seed in (("a.jpg", 0), ("b.jpg", 0), ("c.jpg", 1)):
        (tmp_path / name).write_bytes(photo(seed))
    ids = [read_photo(tmp_path / f"{name}.jpg", MAX_PIXELS, PREPROCESS).id for name in "abc"]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (photo()[:300], "corrupt"),
        (b"hello", "text: "),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer: .*git lfs pull"),
        (encoded(np.zeros((200, 200, 3), np.uint8)), "too many pixels"),
    ],
)
def test_what_download_rejects_is_rejected_with_its_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(Rejected, match=reason):
        read_photo(tmp_path / "a.jpg", MAX_PIXELS, PREPROCESS)


def test_a_file_that_is_too_large_for_any_photo_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(2**40)  # takes no space on the disk
    with pytest.raises(Rejected, match="too many bytes"):
        read_photo(tmp_path / "a.jpg", MAX_PIXELS, PREPROCESS)


@pytest.mark.parametrize("file_format", ["HEIF", "AVIF", "TIFF"])
def test_photos_of_phones_are_read_whatever_their_name(tmp_path: Path, file_format: str) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(pixels(3, width=40, height=24), file_format))
    assert decode(read_photo(tmp_path / "a.jpg", MAX_PIXELS, PREPROCESS).encoded).shape == (16, 27, 3)


def test_what_is_no_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no such file"):
        read_photo(tmp_path / "a.jpg", MAX_PIXELS, PREPROCESS)
    with pytest.raises(Rejected, match="not a file"):
        read_photo(tmp_path, MAX_PIXELS, PREPROCESS)
