"""Photos that belong to no data set: find the files, and turn each into the record it would be."""

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pawtrace.base.errors import DataError
from pawtrace.config.sections import PreprocessParams
from pawtrace.dataset.examples.recording import recorded
from pawtrace.dataset.examples.records import Record
from pawtrace.dataset.sources.containers.folder_entries import folder_entries
from pawtrace.dataset.sources.formats import Rejected
from pawtrace.dataset.sources.inspection import inspect, max_file_bytes
from pawtrace.dataset.sources.true_names import is_system_file

UNKNOWN_LABEL = 0  # a record must have one; nothing reads it here


def find_photos(named: Iterable[Path]) -> list[Path]:
    """The given files, and the files at any depth in the given folders, also behind links.

    Hidden files in folders and files of file browsers are skipped, because they are no photos.

    Returns:
      Each file once, a folder's in the order of their names. A named file need not exist.
    Raises:
      DataError: a folder holds no file.
    """
    photos: dict[Path, None] = {}
    for path in named:
        files = _files_below(path) if path.is_dir() else [path]
        if not files:
            raise DataError(f"{path}: expected photos, found an empty folder")
        photos |= dict.fromkeys(files)
    return list(photos)


def read_photo(path: Path, max_pixels: int, params: PreprocessParams) -> Record:
    """Read a photo and prepare it as every example: inspected, upright, RGB, scaled, encoded.

    Args:
      path: the file, in any format that `download` reads.
      max_pixels: height x width at most.
      params: size and JPEG quality of the model's records.
    Returns:
      A record whose id is the digest of the file's bytes, so that it does not depend on where it lies.
    Raises:
      Rejected: the file is missing, unreadable, or would be rejected by `download` too; says why.
    """
    if not path.is_file():
        raise Rejected("not a file" if path.exists() else "no such file")
    try:
        num_bytes = path.stat().st_size
        if num_bytes > max_file_bytes(max_pixels):
            raise Rejected(f"too many bytes for an image: {num_bytes}")
        encoded = path.read_bytes()
    except OSError as error:
        raise Rejected(f"unreadable: {error.strerror}") from None
    return photo_record(path.name, encoded, max_pixels, params)


def photo_record(name: str, encoded: bytes, max_pixels: int, params: PreprocessParams) -> Record:
    """The same of a photo's bytes; see `read_photo`.

    Args:
      name: of the file.
      encoded: its bytes.
      max_pixels: height x width at most.
      params: size and JPEG quality of the model's records.
    Raises:
      Rejected: it would be rejected by `download` too; says why.
    """
    stored = inspect(name, encoded, max_pixels)
    return Record(hashlib.sha256(encoded).hexdigest(), UNKNOWN_LABEL, recorded(stored, params).encoded)


def _files_below(folder: Path) -> list[Path]:
    entries = folder_entries(folder, follow_links=True)
    return sorted(
        folder / entry.name for entry in entries if not (entry.is_folder or _is_passed_over(entry.name))
    )


def _is_passed_over(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts) or is_system_file(name)
