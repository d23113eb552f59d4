"""The published cats_vs_dogs archive: what it must be, a copy that is here, or its download.

TFDS knows the URL, size and sha256. Without a network it gives up after 205 s; this asks first.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

import tensorflow_datasets as tfds
from tensorflow_datasets.image_classification import cats_vs_dogs

from pawtrace.base.errors import DataError, is_disk_full
from pawtrace.base.files import sha256_of
from pawtrace.config import paths
from pawtrace.dataset.sources.network import unreachable


class Published(NamedTuple):
    """The archive as it was published."""

    url: str
    file_name: str
    num_bytes: int
    sha256: str

    @property
    def how_to_put_it_here(self) -> str:
        """What to do without a network, in one line."""
        place = paths.ARCHIVES / self.file_name
        return (
            f"fetch {self.url} ({self.file_name}, {self.num_bytes} bytes, sha256 {self.sha256}) "
            f"on another machine, put it at {place}, set data.archive to that path, and run: "
            "dvc repro download"
        )


def published() -> Published:
    """What TFDS says of the archive."""
    ((url, info),) = cats_vs_dogs.CatsVsDogs.url_infos.items()
    return Published(url, info.filename, int(info.size), info.checksum)


def check_copy(path: Path) -> None:
    """Require a file to be the published archive, whatever its name.

    Raises:
      DataError: it is missing, or its size or sha256 differs.
    """
    archive = published()
    if not path.is_file():
        raise DataError(f"data.archive: {path} is missing; {archive.how_to_put_it_here}")
    if path.stat().st_size != archive.num_bytes:
        raise DataError(
            f"data.archive: {path}: expected {archive.num_bytes} bytes, found {path.stat().st_size}; "
            f"{archive.how_to_put_it_here}"
        )
    sha256 = sha256_of(path)
    if sha256 != archive.sha256:
        raise DataError(
            f"data.archive: {path}: expected sha256 {archive.sha256}, found {sha256}; "
            f"{archive.how_to_put_it_here}"
        )


def fetch(downloads: Path) -> Path:
    """The published archive, downloaded by TFDS unless an earlier run left it in `downloads`.

    Raises:
      DataError: there is no way to it; says so within 15 s if the network does not answer.
    """
    archive = published()
    for path in downloads.rglob("*.zip"):
        if path.stat().st_size == archive.num_bytes and sha256_of(path) == archive.sha256:
            return path
    problem = unreachable(archive.url)
    if problem:
        raise DataError(f"cats_vs_dogs cannot be downloaded ({problem}); {archive.how_to_put_it_here}")
    tfds.enable_progress_bar()
    manager = tfds.download.DownloadManager(
        download_dir=downloads, url_infos=cats_vs_dogs.CatsVsDogs.url_infos
    )
    try:
        return Path(manager.download(archive.url))
    except Exception as error:  # TFDS, requests and the file system each have their own
        if is_disk_full(error):
            raise
        raise DataError(
            f"cats_vs_dogs: the download failed ({_line(error)}); {archive.how_to_put_it_here}"
        ) from error
    finally:
        tfds.disable_progress_bar()
        for unfinished in downloads.rglob("*.tmp.*"):
            shutil.rmtree(unfinished, ignore_errors=True)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
