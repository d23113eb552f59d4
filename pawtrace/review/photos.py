"""The doubtful photos as small pictures in memory, with the labels that they came with.

Arrives: data/raw, and the archive for files that were rejected. Leaves: a `Photo` for each that can be shown.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile

from pawtrace.base.errors import PawtraceError
from pawtrace.config import paths
from pawtrace.config.sections import LABELS, DataParams
from pawtrace.dataset.examples.perceptual_hash import with_mirrored
from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.examples.raw import read_raw
from pawtrace.dataset.sources.archive import Archive
from pawtrace.dataset.sources.formats import opened
from pawtrace.dataset.splitting.duplicates import group_duplicates
from pawtrace.dataset.splitting.rejected import thumbnail

_SIZE_PX = 480  # of the longer side: as large as a phone shows it


class Photo(NamedTuple):
    """A photo as the page shows it."""

    picture: bytes  # JPEG
    label: str | None  # that it came with; None of a rejected file
    hashes: np.ndarray  # uint64 (2, 4), to find its copies


def load_photos(files: Collection[str], data: DataParams) -> dict[str, Photo]:
    """Read those of these files that can be shown, in one pass over data/raw and one over the archive.

    Args:
      files: their paths in the archive.
      data: where the archive is.
    Raises:
      DataError: data/raw is missing or damaged.
    """
    photos = {
        raw.id: _photo(decode(raw.encoded, raw.id), LABELS[raw.label])
        for raw in read_raw(paths.RAW)
        if raw.id in files
    }
    if data.source == "archive" and len(photos) < len(files):
        photos |= _damaged({*files} - {*photos}, data)
    return photos


def in_groups(files: list[str], photos: dict[str, Photo], distance: int) -> list[str]:
    """The same files, copies of a picture one after the other.

    Args:
      files: each with a photo.
      photos: by file.
      distance: bits of the perceptual hash between copies.
    """
    if not files:
        return []
    hashes = np.stack([photos[file].hashes for file in files])
    groups = group_duplicates(files, hashes, distance).numbers
    return [file for _, file in sorted(zip(groups.tolist(), files, strict=True))]


def _photo(image: np.ndarray, label: str | None) -> Photo:
    return Photo(thumbnail(image, _SIZE_PX), label, with_mirrored(image))


def _damaged(files: set[str], data: DataParams) -> dict[str, Photo]:
    """What can still be seen of files that `download` rejected."""
    found = {}
    try:
        for name, encoded in _members(files, data):
            if (image := _as_far_as_it_goes(encoded, data.limits.max_image_pixels)) is not None:
                found[name] = _photo(image, None)
    except PawtraceError:  # the archive has been moved away: the reasons are shown without pictures
        pass
    return found


def _members(files: set[str], data: DataParams) -> Iterator[tuple[str, bytes]]:
    archive = Archive(Path(str(data.archive)), data.limits, follow_links=data.follow_links)
    for member in archive.members():
        if member.name in files and member.content is not None:
            yield member.name, member.content


def _as_far_as_it_goes(encoded: bytes, max_pixels: int) -> np.ndarray | None:
    """The pixels of a truncated image, grey where they are missing; None of what is no image."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        with opened(encoded) as image:
            if image.width * image.height > max_pixels or min(image.size) < 1:
                return None
            image.thumbnail((_SIZE_PX, _SIZE_PX), Image.Resampling.BILINEAR)
            return np.asarray(image.convert("RGB"))
    except MemoryError:
        raise
    except Exception:  # damaged as it is, it may raise anything
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
