"""Small archives that declare or unpack to far more than they should."""

import binascii
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.dataset.photos import encoded, pet_files

MIB = 2**20
MAX_FILES = 50_000  # as by default
_NUM_MIB = 100  # that an archive makes of few bytes: more than any may need
_ZEROS = bytes(_NUM_MIB * MIB)


def _photos_and(path: Path, name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for photo_name, photo in pet_files().items():
            archive.writestr(photo_name, photo)
        archive.writestr(name, content, method)


def _that_hides_its_size(path: Path) -> None:
    """A deflated member of 100 MiB that says 100,000 bytes everywhere."""
    _photos_and(path, "PetImages/Cat/a.jpg", _ZEROS)
    size = struct.pack("<L", len(_ZEROS))
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<L", 100_000)))


def _of_absurd_sizes(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Cat/0.jpg", b"1234")
        archive.filelist[0].file_size = 2**62


def _of_many_entries(path: Path, num_entries: int, name_length: int) -> None:
    """A list of empty members, by hand: zipfile would need minutes."""
    directory = io.BytesIO()
    for number in range(num_entries):
        name = f"{('Cat', 'Dog')[number % 2]}/{number:06d}".ljust(name_length, "x").encode()
        fields = (b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, len(name), *[0] * 6)
        directory.write(struct.pack("<4s4B4HL2L5H2L", *fields) + name)
    start = b"PK\x03\x04" + bytes(26)
    count = min(num_entries, 0xFFFF)
    size = directory.tell()
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, len(start), 0)
    path.write_bytes(start + directory.getvalue() + end)


def _compressible() -> bytes:
    """100 MiB that Deflate packs about 100 times, less than a bomb; and it packs the result again."""
    unit = random.Random(0).randbytes(300) + b"a" * 40_000
    return unit * (len(_ZEROS) // len(unit))


def _tar_gz(path: Path, write: Callable[[io.BufferedIOBase], None]) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        write(file)
        file.write(bytes(1024))


def _header(name: str, kind: bytes, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def _with_one_header(path: Path, kind: bytes, content: bytes) -> None:
    content += bytes(-len(content) % 512)
    member = _header("Cat/0.jpg", tarfile.REGTYPE, 0)
    _tar_gz(path, lambda file: file.write(_header("header", kind, len(content)) + content + member))


def _pax(path: Path) -> None:
    record = b" comment=" + _compressible() + b"\n"
    _with_one_header(path, tarfile.XHDTYPE, b"%d" % (len(record) + 9) + record)


def _many_global_headers(path: Path) -> None:
    def write(file: io.BufferedIOBase) -> None:
        for number in range(1000):
            record = b" k%07d=%s\n" % (number, b"v" * 99_900)
            record = b"%d" % (len(record) + 6) + record
            record += bytes(-len(record) % 512)
            file.write(_header("global", tarfile.XGLTYPE, len(record)) + record)
        file.write(_header("Cat/0.jpg", tarfile.REGTYPE, 0))

    _tar_gz(path, write)


def _chain_of_long_names(path: Path) -> None:
    link = _header("././@LongLink", tarfile.GNUTYPE_LONGNAME, 10) + b"Cat/0.jpg\0" + bytes(502)
    _tar_gz(path, lambda file: file.write(link * 20_000 + _header("Cat/0.jpg", tarfile.REGTYPE, 0)))


def _sparse_map(path: Path) -> None:
    """A GNU sparse member whose map goes on for 100 MiB."""
    header = bytearray(_header("Cat/0.jpg", tarfile.GNUTYPE_SPARSE, 0))
    header[482] = 1  # the map goes on in the next block
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    block = bytearray((b"%011o\0" % 1 + b"%011o\0" % 1) * 21 + bytes(8))
    block[504] = 1
    _tar_gz(path, lambda file: file.write(bytes(header) + bytes(block) * (len(_ZEROS) // 512)))


def _many_members(path: Path) -> None:
    path.write_bytes(_header("Cat/0.jpg", tarfile.REGTYPE, 0) * 60_000 + bytes(1024))


def _large_xz_dictionary(path: Path) -> None:
    """An xz whose header asks for a dictionary of 4 GiB."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("Cat/0.jpg"))
    packed = bytearray(lzma.compress(tar.getvalue()))
    length = (packed[12] + 1) * 4
    packed[16] = 40  # of the block header: flags, filter id, length of properties, dictionary
    packed[12 + length - 4 : 12 + length] = struct.pack("<L", binascii.crc32(packed[12 : 12 + length - 4]))
    path.write_bytes(packed)


def _zip_in_zip(path: Path) -> None:
    """The inner zip's member is a bomb for the two together, and for neither alone."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Cat/0.jpg", _compressible())
    _photos_and(path, "PetImages/Cat/in.zip", inner.getvalue())


def _ten_zips_deep(path: Path) -> None:
    for _ in range(10):
        _photos_and(path, "PetImages/Cat/in.zip", path.read_bytes() if path.exists() else b"")


def _pixel_bomb(path: Path) -> None:
    _photos_and(path, "PetImages/Cat/a.png", encoded(Image.new("1", (20_000, 20_000)), "PNG"))


def _tile_bomb(path: Path) -> None:
    """A TIFF of 16 x 16 pixels, which are the corner of a tile of 128 Mpx."""
    side = 11_600
    packed = zlib.compress(bytes(side * side))
    tags = {
        256: 16,
        257: 16,
        258: 8,
        259: 8,
        262: 1,
        277: 1,
        322: side,
        323: side,
        324: 150,
        325: len(packed),
    }
    directory = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags.items())
    start = b"II*\0" + struct.pack("<LH", 8, len(tags)) + directory
    _photos_and(path, "PetImages/Cat/a.tif", start.ljust(150, b"\0") + packed, zipfile.ZIP_STORED)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "bzip2.zip": lambda path: _photos_and(path, "Cat/a.jpg", _ZEROS, zipfile.ZIP_BZIP2),
    "lzma.zip": lambda path: _photos_and(path, "Cat/a.jpg", _ZEROS, zipfile.ZIP_LZMA),
    "bomb.zip": lambda path: _photos_and(path, "Cat/a.jpg", _ZEROS),
    "hidden_size.zip": _that_hides_its_size,
    "absurd_size.zip": _of_absurd_sizes,
    "many_entries.zip": lambda path: _of_many_entries(path, 150_000, 10),
    "long_names.zip": lambda path: _of_many_entries(path, 2000, 60_000),
    "as_many_as_allowed.zip": lambda path: _of_many_entries(path, MAX_FILES, 80),
    "pixel_bomb.zip": _pixel_bomb,
    "tile_bomb.zip": _tile_bomb,
    "zip_in_zip.zip": _zip_in_zip,
    "ten_zips_deep.zip": _ten_zips_deep,
    "pax.tar.gz": _pax,
    "long_name.tar.gz": lambda path: _with_one_header(path, tarfile.GNUTYPE_LONGNAME, _compressible()),
    "many_digits.tar.gz": lambda path: _with_one_header(path, tarfile.XHDTYPE, b"1" * 200_000),
    "global_pax.tar.gz": _many_global_headers,
    "long_name_chain.tar.gz": _chain_of_long_names,
    "sparse_map.tar.gz": _sparse_map,
    "many_members.tar": _many_members,
    "dictionary.tar.xz": _large_xz_dictionary,
}
