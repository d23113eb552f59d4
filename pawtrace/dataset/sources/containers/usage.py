"""How much of `data.limits` an archive uses up: what makes it a decompression bomb."""

from pathlib import Path

from pawtrace.base.errors import DataError
from pawtrace.config.sections import Limits

# A small file of one colour compresses well without being a bomb.
BOMB_MIN_BYTES = 100_000
# Names are kept in memory, unlike contents: of a file's name and attributes in an archive's list of files.
_LIST_BYTES_PER_FILE = 168


class Usage:
    """The account of an archive and of the zips in it, together.

    Args:
      path: the archive, as error messages name it.
      limits: what it may use.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self._num_packed = path.stat().st_size if path.is_file() else None  # None: a folder
        self._num_files = 0
        self._num_bytes = 0
        self._names_bytes = 0

    def add(self, name: str, num_bytes: int) -> None:
        """Count a file or folder.

        Raises:
          DataError: there are too many, they unpack to too much, or their names are too long.
        """
        self._num_files += 1
        self._num_bytes += num_bytes
        self._names_bytes += len(name)
        self.check_num_files(0)
        self.check_total(self._num_bytes)
        self.check_list(self._names_bytes)

    def check_num_files(self, num_more: int) -> None:
        """Refuse more files and folders than expected of any archive: each takes some memory.

        Raises:
          DataError: more than limits.max_files.
        """
        if self._num_files + num_more > self.limits.max_files:
            raise DataError(
                f"{self.path}: expected at most data.limits.max_files ({self.limits.max_files}) files and "
                f"folders, found {self._num_files + num_more} or more; "
                "raise the limit if you trust the archive"
            )

    def check_list(self, num_bytes: int) -> None:
        """Refuse a list of files, with their names, that is longer than limits.max_files have need of.

        Raises:
          DataError: it has more bytes.
        """
        most = self.limits.max_files * _LIST_BYTES_PER_FILE
        if num_bytes > most:
            raise DataError(
                f"{self.path}: expected the names of all files to take at most {most} bytes, as suits "
                f"data.limits.max_files ({self.limits.max_files}), found {num_bytes} or more; raise the "
                "limit if you trust the archive"
            )

    def check_total(self, unpacked: int) -> None:
        """Refuse what unpacks to more bytes than expected of any archive.

        Raises:
          DataError: more than limits.max_unpacked_bytes.
        """
        if unpacked > self.limits.max_unpacked_bytes:
            raise DataError(
                f"{self.path}: expected at most data.limits.max_unpacked_bytes "
                f"({self.limits.max_unpacked_bytes}) in all, found {unpacked} or more; "
                "raise the limit if you trust the archive"
            )

    def check_all_together(self) -> None:
        """Refuse an archive file whose zips within zips unpack to far more bytes than it has.

        Raises:
          DataError: see `check_ratio`.
        """
        if self._num_packed is not None:
            self.check_ratio("a zip in the archive", self._num_bytes, self._num_packed)

    def check_ratio(self, subject: str, unpacked: int, packed: int) -> None:
        """Refuse what unpacks to far more bytes than it has.

        Raises:
          DataError: more than limits.max_compression_ratio times, and not tiny.
        """
        most = self.limits.max_compression_ratio
        if unpacked > BOMB_MIN_BYTES and unpacked > most * packed:
            raise DataError(
                f"{self.path}: {subject} looks like a decompression bomb: expected at most "
                f"data.limits.max_compression_ratio ({most:g}) unpacked bytes per byte, "
                f"found {unpacked / max(packed, 1):.0f} or more; raise the limit if you trust the archive"
            )
