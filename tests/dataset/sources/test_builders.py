import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image
from tensorflow_datasets.core.file_adapters import FileFormat
from tensorflow_datasets.image_classification import cats_vs_dogs

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.raw import read_raw
from pawtrace.dataset.sources import builders
from pawtrace.dataset.sources.builders import CatsVsDogs, PetArchive
from pawtrace.dataset.sources.intake import Intake, Rejection
from pawtrace.dataset.sources.labelling import class_folder
from pawtrace.dataset.sources.true_names import SYSTEM_FILE, true_name
from tests.dataset.photos import (
    CLASSES,
    LIMITS,
    data_params,
    encoded,
    pet_files,
    photo,
    published_files,
    write_archive,
)

UPSIDE_DOWN = Image.Exif()
UPSIDE_DOWN[0x0112] = 3
SMOOTH = np.tile(np.linspace(0, 255, 16).astype(np.uint8)[None, :, None], (12, 1, 3))


def prepare(archive: Path, folder: Path, **arguments: Any) -> tuple[PetArchive, Intake]:
    """Prepare an archive; arguments change the tests' `data` section, or are the intake."""
    intake = arguments.pop("intake", Intake(print))
    builder = PetArchive(archive=archive, data=data_params(**arguments), intake=intake, data_dir=folder)
    builder.download_and_prepare()
    return builder, intake


def problem(archive: Path, folder: Path, **arguments: Any) -> str:
    with pytest.raises(DataError) as error:
        prepare(archive, folder, **arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def no_corrupt_images_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cats_vs_dogs, "_NUM_CORRUPT_IMAGES", 2)


def prepare_published(
    builder_class: type[Any], files: dict[str, bytes], folder: Path, **arguments: Any
) -> Any:
    """Prepare as TFDS would after a download."""
    folder.mkdir()
    archive = write_archive(folder / "a.zip", files)
    builder = builder_class(data_dir=folder, **arguments)
    downloads = tfds.download.DownloadManager
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloads, "download", lambda *_: archive)
        builder.download_and_prepare()
    return builder


@pytest.mark.usefixtures("no_corrupt_images_expected")
def test_cats_vs_dogs_stays_what_tfds_makes_of_it(tmp_path: Path) -> None:
    ours = prepare_published(CatsVsDogs, published_files(), tmp_path / "ours", intake=Intake(print))
    theirs = prepare_published(cats_vs_dogs.CatsVsDogs, published_files(), tmp_path / "theirs")

    found = list(read_raw(Path(ours.data_dir)))
    assert found == list(read_raw(Path(theirs.data_dir)))
    assert len(found) == 6


@pytest.mark.usefixtures("no_corrupt_images_expected")
def test_cats_vs_dogs_lists_what_tfds_drops_in_silence(tmp_path: Path) -> None:
    intake = Intake(print)

    prepare_published(CatsVsDogs, published_files(), tmp_path / "ours", intake=intake)

    assert intake.rejections == [
        Rejection("PetImages/Cat/666.jpg", "no JFIF header"),
        Rejection("PetImages/Dog/11702.jpg", "no JFIF header"),
        Rejection("PetImages/Dog/Thumbs.db", "outside the class folders"),
        Rejection("readme[1].txt", "outside the class folders"),
    ]
    assert intake.num_examples == {"cat": 3, "dog": 3}


@pytest.mark.usefixtures("no_corrupt_images_expected")
@pytest.mark.parametrize(
    "odd",
    [
        encoded(SMOOTH[:, ::-1], quality=95, subsampling=0, exif=UPSIDE_DOWN),
        encoded(Image.fromarray(SMOOTH).convert("CMYK"), quality=95),
    ],
    ids=["rotated", "CMYK"],
)
def test_cats_vs_dogs_makes_odd_pictures_upright_and_rgb(tmp_path: Path, odd: bytes) -> None:
    # A CMYK JPEG has no JFIF header by itself; a comment with the word passes TFDS's test.
    odd = odd[:2] + b"\xff\xfe\x00\x06JFIF" + odd[2:]
    files = published_files() | {"PetImages/Cat/77.jpg": odd}

    builder = prepare_published(CatsVsDogs, files, tmp_path / "ours", intake=Intake(print))

    (stored,) = [raw.encoded for raw in read_raw(Path(builder.data_dir)) if raw.id.endswith("/77.jpg")]
    with Image.open(io.BytesIO(stored)) as image:
        assert image.mode == "RGB"
        assert np.abs(np.asarray(image).astype(int) - SMOOTH).max() < 20


def test_it_is_pinned_to_the_version_that_was_measured() -> None:
    assert str(CatsVsDogs.VERSION) == str(cats_vs_dogs.CatsVsDogs.VERSION) == "4.0.1"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Cat/1.jpg", "Cat"),
        ("a/b/Dog/c/1.jpg", "Dog"),
        ("Cat/Dog/1.jpg", "Dog"),
        ("cat/1.jpg", None),
        ("Cats/1.jpg", None),
        ("Cat", None),
        ("cats.zip/Cat.zip/1.jpg", "Cat"),
    ],
)
def test_the_deepest_class_folder_counts(name: str, folder: str | None) -> None:
    assert class_folder(name, CLASSES) == folder


def test_several_folders_may_share_a_label(tmp_path: Path) -> None:
    files = {"Cat/1.jpg": photo(1), "kitten/1.jpg": photo(2), "Dog/1.jpg": photo(3)}
    archive = write_archive(tmp_path / "a.zip", files)

    _, intake = prepare(archive, tmp_path, classes=CLASSES | {"kitten": "cat"})

    assert intake.num_examples == {"cat": 2, "dog": 1}


def test_what_is_rejected_is_listed_with_its_reason(tmp_path: Path) -> None:
    files = pet_files() | {
        "README.md": b"hello",
        "__MACOSX/PetImages/Cat/._1.jpg": b"mac",
        "PetImages/Cat/x.jpg": b"",
        "PetImages/Cat/y.jpg": b"<html>",
    }

    _, intake = prepare(write_archive(tmp_path / "a.zip", files), tmp_path)

    assert intake.rejections == [
        Rejection("PetImages/Cat/x.jpg", "empty"),
        Rejection("PetImages/Cat/y.jpg", str(true_name(b"<html>"))),
        Rejection("README.md", "outside the class folders"),
        Rejection("__MACOSX/PetImages/Cat/._1.jpg", str(SYSTEM_FILE)),
    ]
    assert intake.as_csv().splitlines()[:2] == ["file,reason", "PetImages/Cat/x.jpg,empty"]
    kept, rejected = intake.summary().split(";")
    assert re.search("6.*3 cat, 3 dog", kept)
    assert re.search("4.*1 HTML page, 1 empty, 1 outside the class folders, 1 system file", rejected)


def test_the_result_does_not_depend_on_the_container_or_the_order_or_the_run(tmp_path: Path) -> None:
    files = pet_files(num_each=20)
    backwards = dict(reversed(files.items()))
    first, _ = prepare(write_archive(tmp_path / "a.zip", files), tmp_path / "1")
    second, _ = prepare(write_archive(tmp_path / "b.tar.gz", backwards), tmp_path / "2")

    assert all_bytes(Path(first.data_dir)) == all_bytes(Path(second.data_dir))


def test_a_record_does_not_depend_on_the_order_in_which_its_features_came(tmp_path: Path) -> None:
    # protobuf keeps the order of a process, so two runs in this one would agree by themselves.
    parts = [feature_bytes(name) for name in ("a", "b")]
    orders = [b"".join(parts), b"".join(reversed(parts))]
    records = [b"\x0a" + bytes([len(features)]) + features for features in orders]

    for path, record in zip(("1", "2"), records, strict=True):
        builders._SortedWriter(FileFormat.TFRECORD).write(tmp_path / path, iter([(0, record)]))

    assert records[0] != records[1]
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def feature_bytes(name: str) -> bytes:
    feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[1]))
    return bytes(tf.train.Features(feature={name: feature}).SerializeToString())


def test_a_missing_class_folder_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    files = {"Pets/Cat/1.jpg": photo(), "Pets/dogs/1.jpg": photo(), "__MACOSX/Dog/._1.jpg": b"mac"}
    archive = write_archive(tmp_path / "a.zip", files)

    assert re.search(f"{archive}: .*Dog.*data.classes.*Cat, Pets, dogs", problem(archive, tmp_path))


def test_an_empty_class_folder_is_named(tmp_path: Path) -> None:
    folder = write_archive(tmp_path / "folder", {"Cat/1.jpg": photo()})
    (folder / "Dog").mkdir()

    assert re.search("Dog.*data.classes.*no files", problem(folder, tmp_path / "raw"))


def test_a_class_of_which_nothing_is_usable_says_why(tmp_path: Path) -> None:
    files = {"Cat/1.jpg": photo(), "Dog/1.jpg": b"", "Dog/2.jpg": b"", "Dog/3.jpg": b"\x00\x7f\x80"}

    message = problem(write_archive(tmp_path / "a.zip", files), tmp_path)
    assert re.search("Dog.*3.*2 empty, 1 not an image", message)


def test_a_damaged_member_is_listed(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", pet_files())
    content = bytearray(archive.read_bytes())
    content[content.find(b"PetImages/Cat/1.jpg") + 100] ^= 0xFF
    archive.write_bytes(content)

    _, intake = prepare(archive, tmp_path)

    assert intake.rejections == [Rejection("PetImages/Cat/1.jpg", "damaged in the archive")]


def test_progress_is_announced(tmp_path: Path) -> None:
    said: list[str] = []
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as zip_file:
        for number in range(1000):
            zip_file.writestr(f"Cat/{number}.jpg", b"")
        zip_file.writestr("Dog/1.jpg", photo())

    with pytest.raises(DataError):
        prepare(
            archive, tmp_path, intake=Intake(said.append), limits={**LIMITS.model_dump(), "max_files": 2000}
        )

    (line,) = said
    assert re.search("1000.*1000.*rejected", line)
