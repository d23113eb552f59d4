"""The drawn sample as an archive in the PetImages layout, with the faults that real archives have.

Arrives: how many files, and a seed. Leaves: a zip with PetImages/Cat/0.jpg, PetImages/Dog/0.jpg and
so on, byte for byte the same each time.
"""

import io
import itertools
import zipfile
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from pawtrace.base.files import new_file
from pawtrace.base.ordered import ordered_map
from pawtrace.config.sections import LABELS
from pawtrace.dataset.sources.drawn.picture import draw_picture

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold; the clock would change its bytes
_EXIF_ORIENTATION = 0x0112
# What a file stores, so that a viewer that obeys the orientation shows the picture upright.
_STORED_AS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
_HTML = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n"


class Kind(StrEnum):
    """What a file of the sample is."""

    PLAIN = "plain"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    HTML = "html"
    LFS_POINTER = "lfs_pointer"
    GREYSCALE = "greyscale"
    CMYK = "cmyk"
    EXIF_ROTATED = "exif_rotated"
    EXACT_DUPLICATE = "exact_duplicate"
    REENCODED = "reencoded"
    RESCALED = "rescaled"
    CROPPED = "cropped"
    OTHER_LABEL = "other_label"  # the same file as one of the other class


# Each row is about 1 % of the files, its kinds taking turns.
FAULTS = (
    (Kind.TRUNCATED, Kind.EMPTY, Kind.HTML, Kind.LFS_POINTER),
    (Kind.GREYSCALE, Kind.CMYK, Kind.EXIF_ROTATED),
    (Kind.EXACT_DUPLICATE,),
    (Kind.REENCODED, Kind.RESCALED, Kind.CROPPED),
    (Kind.OTHER_LABEL,),
)
COPIES = {Kind.EXACT_DUPLICATE, Kind.REENCODED, Kind.RESCALED, Kind.CROPPED, Kind.OTHER_LABEL}


class Picture(NamedTuple):
    """Which drawn picture: everything in it follows from these two and the seed."""

    label: int
    number: int


class PlannedFile(NamedTuple):
    """One file of the archive: its name, what is wrong with it, and the picture in it."""

    name: str
    kind: Kind
    picture: Picture  # its own, or for a copy the one it copies


def write_sample_archive(path: Path, sample_size: int, seed: int) -> None:
    """Draw the sample and write it as a zip, as a whole or not at all.

    Args:
      path: where the zip goes.
      sample_size: files in the archive, faulty ones included; at least 20.
      seed: of every picture and of where the faults are.
    """
    plan = plan_sample(sample_size, seed)
    contents = ordered_map(partial(file_bytes, seed=seed), plan, title="drawing", total=len(plan))
    with new_file(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
        for file, content in zip(plan, contents, strict=True):
            entry = zipfile.ZipInfo(file.name, _ZIP_DATE)
            entry.create_system = 3  # Unix; the default is whatever system this runs on
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def plan_sample(sample_size: int, seed: int) -> list[PlannedFile]:
    """Say of every file what it is, in the archive's order: all cats, then all dogs.

    Args:
      sample_size: files in all, at least 20; each class gets half.
      seed: decides which numbers are faulty. What is copied is plain, and is copied once.
    """
    rng = np.random.default_rng([seed, len(LABELS)])  # no picture's stream: those have a label there
    sizes = ((sample_size + 1) // 2, sample_size // 2)
    free = [[Picture(label, number) for number in rng.permutation(sizes[label]).tolist()] for label in (0, 1)]
    faulty: dict[Picture, tuple[Kind, Picture]] = {}
    for first_label, kinds in enumerate(FAULTS):
        # Shuffled, or kinds that take turns would each stay with one class.
        labels = rng.permutation((first_label + np.arange(_num_faulty(kinds, sample_size))) % 2)
        for kind, label in zip(itertools.cycle(kinds), labels.tolist(), strict=False):
            place = free[label].pop()
            origin = 1 - label if kind is Kind.OTHER_LABEL else label
            faulty[place] = (kind, free[origin].pop() if kind in COPIES else place)
    places = (Picture(label, number) for label in (0, 1) for number in range(sizes[label]))
    return [PlannedFile(_name(place), *faulty.get(place, (Kind.PLAIN, place))) for place in places]


def file_bytes(file: PlannedFile, seed: int) -> bytes:
    """Draw a file's picture and spoil it as planned."""
    rng = np.random.default_rng([seed, *file.picture])
    picture = Image.fromarray(draw_picture(file.picture.label, rng))
    plain = _jpeg(picture, int(rng.integers(60, 96)))
    match file.kind:
        case Kind.PLAIN | Kind.EXACT_DUPLICATE | Kind.OTHER_LABEL:
            return plain
        case Kind.TRUNCATED:
            return plain[: int(len(plain) * rng.uniform(0.2, 0.7))]
        case Kind.EMPTY:
            return b""
        case Kind.HTML:
            return _HTML
        case Kind.LFS_POINTER:
            return b"version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize %d\n" % (
                0,
                len(plain),
            )
        case Kind.GREYSCALE:
            return _jpeg(picture.convert("L"))
        case Kind.CMYK:
            return _jpeg(picture.convert("CMYK"))
        case Kind.EXIF_ROTATED:
            return _turned(picture, int(rng.choice(list(_STORED_AS))))
        case _:
            return _nearly_same(plain, file.kind, rng)


def _nearly_same(plain: bytes, kind: Kind, rng: np.random.Generator) -> bytes:
    """The same picture after somebody's image editor: at another quality, smaller, or cropped."""
    picture: Image.Image = Image.open(io.BytesIO(plain))
    width, height = picture.size
    if kind is Kind.RESCALED:
        scale = rng.uniform(0.7, 0.9)
        picture = picture.resize((round(scale * width), round(scale * height)), Image.Resampling.LANCZOS)
    elif kind is Kind.CROPPED:
        # In all 2 to 4 % of the width and of the height, shared out between opposite edges.
        lost = rng.uniform(0.02, 0.04, 2) * picture.size
        left, top = rng.uniform(0, 1, 2) * lost
        right, bottom = picture.size - (lost - (left, top))
        picture = picture.crop((round(left), round(top), round(right), round(bottom)))
    return _jpeg(picture, int(rng.integers(40, 60)))  # below every plain file's quality


def _turned(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    return _encoded(picture.transpose(_STORED_AS[orientation]), format="JPEG", quality=90, exif=exif)


def _jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    return _encoded(picture, format="JPEG", quality=quality)


def _encoded(picture: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, **options)
    return stream.getvalue()


def _num_faulty(kinds: tuple[Kind, ...], sample_size: int) -> int:
    """1 % of the files, and from 100 files on at least one of each kind."""
    return max(len(kinds) if sample_size >= 100 else 1, round(0.01 * sample_size))


def _name(place: Picture) -> str:
    return f"PetImages/{LABELS[place.label].capitalize()}/{place.number}.jpg"
