"""Labelled photos from folders, archives and arrays."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pawtrace.base.errors import DataError
from pawtrace.foreign.reading.labels import label_of
from pawtrace.foreign.reading.photos import read_photos
from pawtrace.foreign.reading.sets import read_sets
from tests.foreign.colours import images_and_labels, photo_folder


@pytest.mark.parametrize("packed", ["folder", "zip", "gztar"])
def test_a_folder_and_an_archive_of_it_are_the_same(tmp_path: Path, packed: str) -> None:
    source = photo_folder(tmp_path / "pets", 30)
    if packed != "folder":
        source = Path(shutil.make_archive(str(tmp_path / "pets"), packed, source))
    photos = read_photos(source)
    assert photos.labels.tolist() == [0, 1] * 15
    assert photos.images((16, 20)).shape == (30, 16, 20, 3)


def test_a_folder_of_links_is_read_as_what_they_lead_to(tmp_path: Path) -> None:
    source = photo_folder(tmp_path / "pets", 30)
    (tmp_path / "links").mkdir()
    for folder in source.iterdir():
        (tmp_path / "links" / folder.name).symlink_to(folder)
    assert read_photos(tmp_path / "links").ids == read_photos(source).ids


def test_what_is_left_out_is_counted_and_named(tmp_path: Path) -> None:
    source = photo_folder(tmp_path / "pets", 30)
    assert read_photos(source).left_out == ""
    (source / "birds").mkdir()
    for number, photo in enumerate(sorted(source.glob("[cd]*/*"))[:4]):
        shutil.copy(photo, source / "birds" / f"{number}{photo.suffix}")
    broken = sorted(source.glob("cat*/*"))[0]
    broken.write_bytes(b"no photo")
    photos = read_sets(source, None, print)[0]
    assert photos.left_out == read_photos(source).left_out
    assert photos.num_found == 29
    assert photos.left_out == (
        f"Left out of {source}: 1 unreadable file ({broken.relative_to(source)}); "
        "4 files labelled neither cat nor dog (birds)."
    )


def test_arrays_of_different_lengths_are_refused() -> None:
    images, labels = images_and_labels(40)
    with pytest.raises(DataError, match="a label for each image, found 40 images and 30 labels"):
        read_photos((images, labels[:30]))


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("PetImages/Cat/1.jpg", 0),
        ("train/dogs/a.jpg", 1),
        ("cat.0.jpg", 0),
        ("cats_and_dogs/puppies/1.jpg", 1),
        ("cats_and_dogs/1.jpg", None),
        ("birds/1.jpg", None),
        ("dogs/catalina.jpg", 1),
        ("location/hotdog.jpg", None),
        ("dog_project/cat.0.jpg", 0),
        ("DogPhotos/my_cat.jpg", 1),
        ("mixed/my_cat.jpg", 0),
    ],
)
def test_the_deepest_name_tells_the_label(path: str, label: int | None) -> None:
    assert label_of(path) == label


def test_folders_of_both_labels_count_more_than_names_of_files(tmp_path: Path) -> None:
    """As for Keras's loaders: a photo in the wrong folder has a wrong label."""
    source = photo_folder(tmp_path / "pets", 30)
    for number, photo in enumerate(sorted(source.glob("*/*"))):
        photo.rename(photo.with_name(f"{('cat', 'dog')[number % 3 == 0]}.{number}{photo.suffix}"))
    assert read_photos(source).labels.tolist() == [0, 1] * 15


@pytest.mark.parametrize(
    ("scale", "offset", "fed"),
    [(1, 0, "zero_to_255"), (1 / 255, 0, "zero_to_one"), (1 / 127.5, -1, "minus_one_to_one")],
)
def test_arrays_are_pictures_in_the_convention_that_their_range_tells(
    scale: float, offset: float, fed: str
) -> None:
    images, labels = images_and_labels(40)
    photos = read_photos((images * np.float32(scale) + np.float32(offset), labels))
    assert photos.fed == fed
    order = [int(name) for name in photos.ids]
    assert np.abs(photos.images(images.shape[1:3]).astype(int) - images[order]).max() <= 1


def test_batches_and_two_columns_of_labels_are_read() -> None:
    images, labels = images_and_labels(40)
    columns = np.eye(2)[labels]
    photos = read_photos([(images[n : n + 20], columns[n : n + 20]) for n in (0, 20, 40)])
    assert sorted(photos.labels.tolist()) == [0] * 20 + [1] * 20
    assert photos.fed is None


def test_photos_of_one_label_or_without_any_are_refused(tmp_path: Path) -> None:
    images, _ = images_and_labels(40)
    with pytest.raises(DataError, match="at least 10 photos of each label, found 0 of cat, 40 of dog"):
        read_photos((images, np.ones(40, int)))
    (tmp_path / "birds").mkdir()
    shutil.copy(next(photo_folder(tmp_path / "pets", 2).rglob("*.png")), tmp_path / "birds/1.png")
    shutil.rmtree(tmp_path / "pets")
    with pytest.raises(DataError, match="cat and dog in their name, found the folders birds"):
        read_photos(tmp_path)
    (tmp_path / "birds/1.png").rename(tmp_path / "1.png")
    with pytest.raises(DataError, match="found 1 file in no folder; put the cats into a folder called cat"):
        read_photos(tmp_path)


def test_a_folder_with_train_and_test_in_it_is_both_sets(tmp_path: Path) -> None:
    photo_folder(tmp_path / "photos/train", 40, seed=1)
    photo_folder(tmp_path / "photos/validation", 24, seed=2)
    said: list[str] = []
    test, train = read_sets(tmp_path / "photos", None, said.append)
    assert train is not None
    assert (len(test.ids), len(train.ids)) == (24, 40)
    assert all("validation/" in id for id in test.ids)
    assert any("24 test photos, 40 training photos" in line for line in said)


@pytest.mark.parametrize("inner", ["", "train", "test"])
def test_a_folder_with_one_of_them_is_one_set(inner: str, tmp_path: Path) -> None:
    photo_folder(tmp_path / "photos" / inner, 40)
    test, train = read_sets(tmp_path / "photos", None, print)
    assert (len(test.ids), train) == (40, None)


def test_images_without_labels_are_refused_in_one_line() -> None:
    with pytest.raises(DataError, match="expected images and labels"):
        read_photos((images_and_labels(40)[0],))
