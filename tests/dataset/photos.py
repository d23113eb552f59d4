"""Tiny photos, and archives of them in every container, for tests."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pawtrace.config.params import load_params
from pawtrace.config.sections import DataParams, Limits
from tests.conftest import PARAMS

LIMITS = Limits(
    max_unpacked_bytes=10_000_000, max_files=1000, max_compression_ratio=200.0, max_image_pixels=10_000
)
CLASSES = {"Cat": "cat", "Dog": "dog"}
CONTAINERS = ("a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "folder")


def data_params(**changes: Any) -> DataParams:
    """A `data` section for small archives, with changes."""
    content = load_params(PARAMS).data.model_dump()
    return DataParams.model_validate(content | {"limits": LIMITS.model_dump(), "classes": CLASSES} | changes)


def pixels(seed: int = 0, width: int = 16, height: int = 12, channels: int = 3) -> np.ndarray:
    """Random uint8 (height, width, channels)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def encoded(image: Image.Image | np.ndarray, file_format: str = "JPEG", **how: Any) -> bytes:
    """The bytes of a picture."""
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, file_format, **how)
    return file.getvalue()


def photo(seed: int = 0, **how: Any) -> bytes:
    """A JPEG of 16 x 12 random pixels."""
    return encoded(pixels(seed), **how)


def pet_files(num_each: int = 3) -> dict[str, bytes]:
    """Photos in the PetImages layout, by name."""
    return {
        f"PetImages/{folder}/{number}.jpg": photo(seed=100 * index + number)
        for index, folder in enumerate(CLASSES)
        for number in range(num_each)
    }


def published_files() -> dict[str, bytes]:
    """What the published zip contains, small: six JFIF files and two others, and two documents."""
    return pet_files() | {
        "PetImages/Cat/666.jpg": b"",
        "PetImages/Dog/11702.jpg": encoded(pixels(7), "PNG"),
        "PetImages/Dog/Thumbs.db": b"thumbs",
        "readme[1].txt": b"hello",
    }


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files as the container that the path's name says; a folder where it has no extension."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    elif ".tar" in path.suffixes:
        with tarfile.open(path, "w:" + path.suffix.removeprefix(".").removeprefix("tar")) as tar:
            for name, content in files.items():
                add_to_tar(tar, name, content)
    else:
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    return path


def add_to_tar(tar: tarfile.TarFile, name: str, content: bytes = b"", **header: Any) -> None:
    """Add one member, with any field of its header replaced."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for field, value in header.items():
        setattr(member, field, value)
    tar.addfile(member, io.BytesIO(content))


def encrypted(zip_bytes: bytes) -> bytes:
    """A zip whose members all carry the flag of encryption."""
    patched = bytearray(zip_bytes)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = patched.find(signature)
        while start >= 0:
            patched[start + offset] |= 1
            start = patched.find(signature, start + 4)
    return bytes(patched)
