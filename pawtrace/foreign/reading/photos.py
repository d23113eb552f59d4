"""Labelled photos for a model: from a folder, a zip or a tar, from arrays, or from a tf.data dataset.

Leaves: `Photos`, upright RGB, encoded; the label is told by the name of the folder or of the file.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import cv2
import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.pixels import decode, encode_jpeg, resize_shorter_side
from pawtrace.dataset.sources.archive import Archive, Member
from pawtrace.dataset.sources.file_map import map_files
from pawtrace.dataset.sources.formats import Rejected
from pawtrace.dataset.sources.inspection import inspect, max_file_bytes
from pawtrace.dataset.sources.true_names import is_system_file
from pawtrace.foreign.defaults import archive_limits
from pawtrace.foreign.reading.array_values import as_bytes
from pawtrace.foreign.reading.labels import label_of
from pawtrace.results.number_words import plural

MAX_PHOTOS = 1000  # more would not change a verdict, and take longer
_MAX_SIDE_PX = 512  # of the shorter side, in memory
_SEED = 0
_MIN_OF_A_LABEL = 10
_MAX_NAMES = 3  # of files and folders, in a sentence


class Photos(NamedTuple):
    """Labelled photos, in a shuffled order in which cats and dogs take turns as long as there are both."""

    ids: list[str]
    labels: np.ndarray  # int64 (n,), indices of LABELS
    encoded: list[bytes]  # JPEG or PNG, upright RGB
    num_found: int  # photos that could be read, of which these are a sample
    left_out: str = ""  # files that were left out, counted and named, as a sentence
    fed: str | None = None  # of arrays: the convention in which they came, by name

    def first(self, number: int) -> "Photos":
        """The first photos; a larger sample contains a smaller one."""
        return self._replace(
            ids=self.ids[:number], labels=self.labels[:number], encoded=self.encoded[:number]
        )

    @property
    def size_px(self) -> tuple[int, int]:
        """The (height, width) of the first photo."""
        height, width = decode(self.encoded[0]).shape[:2]
        return height, width

    def images(self, size_px: tuple[int, int]) -> np.ndarray:
        """The photos, each stretched to (height, width), as Keras's loaders do: uint8 (n, h, w, 3), RGB."""
        return np.stack([stretched(decode(encoded), size_px) for encoded in self.encoded])


def in_turns(photos: Photos, others: Photos) -> Photos:
    """Photos of two sets in turns, two of each, so that cats and dogs go on taking turns."""
    number = min(len(photos.ids), len(others.ids)) // 2
    places = [(each, 2 * n + k) for n in range(number) for each in (photos, others) for k in (0, 1)]
    return Photos(
        [each.ids[n] for each, n in places],
        np.array([each.labels[n] for each, n in places], np.int64),
        [each.encoded[n] for each, n in places],
        num_found=len(places),
    )


def read_photos(source: Any) -> Photos:
    """Read labelled photos; at most 1,000 of them are kept, drawn at random and always the same.

    Args:
      source: the path of a folder, zip or tar with cat and dog in the names of folders or files; or arrays
        (images, labels); or an iterable of batches of these, such as a tf.data dataset; or what this
        function has returned. Labels: 0 for a cat and 1 for a dog, or two columns in this order.
    Raises:
      DataError: there are fewer than 10 photos of a label; says what was found.
    """
    if isinstance(source, Photos):
        return source
    if isinstance(source, str | Path):
        photos, left_out = from_archive(Path(source))
        return sampled(photos, where=str(source))._replace(left_out=left_out)
    batches = [source] if isinstance(source, tuple | list) and len(source) == 2 else source
    return _from_arrays(batches)


def from_archive(path: Path) -> tuple[list[tuple[str, int, bytes]], str]:
    """All photos with a label (id, label, stored bytes), and a sentence about the files that are left out."""
    limits, folders, unlabelled = archive_limits(), Counter[str](), Counter[str]()
    archive = Archive(path, limits, follow_links=True)
    label = partial(label_of, by_folder=bool(archive.layout.clear_classes))

    def with_label() -> Iterator[Member]:
        for member in archive.members():
            if is_system_file(member.name):
                continue
            folder = PurePosixPath(member.name).parent.name
            folders[folder] += 1
            if label(member.name) is None:
                unlabelled[folder] += 1
            else:
                yield member

    prepare = partial(_prepared, label_of_name=label, max_pixels=limits.max_image_pixels)
    prepared = list(map_files(prepare, with_label()))
    photos = [photo for photo in prepared if not isinstance(photo, str)]
    if not photos:
        named = [name for name, _ in folders.most_common(10) if name]
        found = (
            f"the folders {', '.join(named)}" if named else f"{plural(folders.total(), 'file')} in no folder"
        )
        raise DataError(
            f"{path}: expected folders or files with cat and dog in their name, found {found}; "
            "put the cats into a folder called cat, and the dogs into one called dog"
        )
    unreadable = [name for name in prepared if isinstance(name, str)]
    return photos, _left_out(path, unreadable, unlabelled)


def _left_out(path: Path, unreadable: list[str], unlabelled: Counter[str]) -> str:
    """The files that are left out, counted and named; empty if there are none."""
    parts = []
    if unreadable:
        parts.append(f"{plural(len(unreadable), 'unreadable file')} {_named(unreadable)}")
    if unlabelled:
        number = plural(unlabelled.total(), "file")
        parts.append(f"{number} labelled neither cat nor dog {_named([name or '.' for name in unlabelled])}")
    return f"Left out of {path}: {'; '.join(parts)}." if parts else ""


def _named(names: list[str]) -> str:
    """Some names in brackets."""
    return f"({', '.join(names[:_MAX_NAMES])}{', ...' if len(names) > _MAX_NAMES else ''})"


def _prepared(
    member: Member, label_of_name: Callable[[str], int | None], max_pixels: int
) -> tuple[str, int, bytes] | str:
    """A photo's id, label and stored bytes; if it cannot be read, its name alone."""
    label = label_of_name(member.name)
    if member.content is None or label is None:
        return member.name
    try:
        return member.name, label, _small(inspect(member.name, member.content, max_pixels))
    except Rejected:
        return member.name


def read_file(path: Path, max_pixels: int) -> bytes:
    """Read a photo as `read_photos` does: JPEG or PNG, upright RGB.

    Raises:
      Rejected: it is missing, unreadable or no photo; says why.
    """
    if not path.is_file():
        raise Rejected("not a file" if path.exists() else "no such file")
    try:
        if path.stat().st_size > max_file_bytes(max_pixels):
            raise Rejected(f"too many bytes for an image: {path.stat().st_size}")
        return _small(inspect(path.name, path.read_bytes(), max_pixels))
    except OSError as error:
        raise Rejected(f"unreadable: {error.strerror}") from None


def _from_arrays(batches: Iterable[Any]) -> Photos:
    images, labels = [], []
    for batch in itertools.islice(batches, MAX_PHOTOS):
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise DataError("photos: expected images and labels, (images, labels), found one of them alone")
        batch_images, batch_labels = batch
        images.append(_in_colours(np.asarray(batch_images)))
        found = np.asarray(batch_labels)
        if len(found) != len(images[-1]):
            raise DataError(
                f"photos: expected a label for each image, found {plural(len(images[-1]), 'image')} and "
                f"{plural(len(found), 'label')}"
            )
        labels.append(found.argmax(axis=1) if found.ndim == 2 and found.shape[1] == 2 else found.ravel())
        if sum(map(len, images)) >= MAX_PHOTOS:
            break
    if not images or images[0].ndim != 4 or images[0].shape[-1] != 3:
        shape = images[0].shape if images else "nothing"
        raise DataError(f"photos: expected images (n, height, width, 3) with labels, found {shape}")
    values, fed = as_bytes(np.concatenate(images)[:MAX_PHOTOS])
    photos = [
        (str(number), int(label), _png(image))
        for number, (image, label) in enumerate(zip(values, np.concatenate(labels)[:MAX_PHOTOS], strict=True))
    ]
    return sampled(photos, where="photos")._replace(fed=fed)


def _in_colours(images: np.ndarray) -> np.ndarray:
    """Grey pictures, (n, h, w, 1), as RGB; others as they are."""
    return np.repeat(images, 3, axis=-1) if images.ndim == 4 and images.shape[-1] == 1 else images


def sampled(photos: list[tuple[str, int, bytes]], *, where: str) -> Photos:
    """A sample in an order in which cats and dogs take turns; `where` is what an error calls its source.

    Raises:
      DataError: there are fewer than 10 photos of a label; says what was found.
    """
    counts = Counter(label for _, label, _ in photos)
    if min(counts[label] for label in range(len(LABELS))) < _MIN_OF_A_LABEL or len(counts) > len(LABELS):
        found = ", ".join(f"{counts[label]} of {name}" for label, name in enumerate(LABELS))
        raise DataError(
            f"{where}: expected at least {_MIN_OF_A_LABEL} photos of each label, found {found}; add photos"
        )
    order = np.random.default_rng(_SEED).permutation(len(photos))
    turns = list(_in_turns([photos[number] for number in order]))[:MAX_PHOTOS]
    if len(photos) > MAX_PHOTOS:  # a sample has the labels' shares of the whole
        chosen = {photos[number][0] for number in order[:MAX_PHOTOS]}
        turns = [photo for photo in _in_turns([photos[n] for n in order]) if photo[0] in chosen]
    ids, labels, encoded = zip(*turns, strict=True)
    return Photos(list(ids), np.array(labels, np.int64), list(encoded), len(photos))


def _in_turns(photos: list[tuple[str, int, bytes]]) -> Iterator[tuple[str, int, bytes]]:
    by_label = [[photo for photo in photos if photo[1] == label] for label in range(len(LABELS))]
    for pair in itertools.zip_longest(*by_label):
        yield from (photo for photo in pair if photo is not None)


def _small(stored: bytes) -> bytes:
    """The same photo, scaled down where it is large: no model of this kind sees more."""
    image = decode(stored)
    if min(image.shape[:2]) <= _MAX_SIDE_PX:
        return stored
    return encode_jpeg(resize_shorter_side(image, _MAX_SIDE_PX), 95)


def _png(image: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1])


def stretched(image: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    """Stretch a picture, uint8 RGB, to (height, width), as Keras's loaders do."""
    height, width = size_px
    if image.shape[:2] == size_px:
        return image
    shrinks = min(image.shape[0] / height, image.shape[1] / width) >= 2
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation))
