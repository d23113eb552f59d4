"""Damaged archives from a seed: flipped, cut, spliced, and with fields of headers overwritten."""

import io
import random
import zipfile
from pathlib import Path

from tests.dataset.photos import pet_files, write_archive

_CONTAINERS = ("a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "nested.zip")
_HEADERS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"ustar")
_ODD_VALUES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"PK\x01\x02", b"\xff" * 8, b"\x00" * 8, b"9" * 12, b"../")


def damaged_archive(folder: Path, seed: int) -> Path:
    """Write the archive of a seed: sound photos in one of six containers, then damaged."""
    rng = random.Random(seed)
    container = _CONTAINERS[seed % len(_CONTAINERS)]
    path = _sound(folder, container)
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 4)):
        rng.choice((_flip, _overwrite_header, _cut, _splice, _insert))(content, rng)
    path.write_bytes(content)
    return path


def _sound(folder: Path, container: str) -> Path:
    if container != "nested.zip":
        return write_archive(folder / container, pet_files(8))
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pet_files(8).items():
            archive.writestr(name, content)
    return write_archive(folder / container, {"PetImages.zip": inner.getvalue(), **pet_files(2)})


def _flip(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 8, 64))):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _overwrite_header(content: bytearray, rng: random.Random) -> None:
    """Odd values in one of the headers, or anywhere where there is none."""
    starts = [at for header in _HEADERS for at in _all(content, header)] or [rng.randrange(len(content) + 1)]
    start = rng.choice(starts) + rng.randrange(-257, 60)
    value = rng.choice(_ODD_VALUES)
    content[max(0, start) : max(0, start) + len(value)] = value


def _all(content: bytearray, part: bytes) -> list[int]:
    found, at = [], content.find(part)
    while at >= 0:
        found.append(at)
        at = content.find(part, at + 1)
    return found


def _cut(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def _splice(content: bytearray, rng: random.Random) -> None:
    start, end, to = (rng.randrange(len(content) + 1) for _ in range(3))
    content[to:to] = content[min(start, end) : max(start, end)]


def _insert(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    content[at:at] = rng.randbytes(rng.choice((1, 7, 512)))
