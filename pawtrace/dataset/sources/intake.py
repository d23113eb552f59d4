"""The account of what an archive brought: examples kept, files rejected and why."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.base.files import csv_text
from pawtrace.config.sections import LABELS

_ANNOUNCE_EVERY = 1000  # files


class Rejection(NamedTuple):
    """A file that became no example."""

    file: str
    reason: str  # one of a few fixed phrases, perhaps with a colon and what was found


class Intake:
    """Counts and lists while a builder goes through an archive.

    Args:
      announce: is told of the progress, a line at a time.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._rejections: list[Rejection] = []
        self._kept: Counter[tuple[str, str]] = Counter()  # by class folder and label
        self._by_folder: dict[str | None, Counter[str]] = {}  # reasons

    def keep(self, folder: str, label: str) -> None:
        """Count an example."""
        self._kept[folder, label] += 1
        self._progress()

    def reject(self, file: str, reason: str, folder: str | None = None) -> None:
        """List a file; `folder` is its class folder, if it lies in one."""
        self._rejections.append(Rejection(file, reason))
        self._by_folder.setdefault(folder, Counter())[_phrase(reason)] += 1
        self._progress()

    @property
    def rejections(self) -> list[Rejection]:
        """The rejected files by name."""
        return sorted(self._rejections)

    @property
    def num_examples(self) -> dict[str, int]:
        """Examples kept per label."""
        return {label: sum(count for key, count in self._kept.items() if key[1] == label) for label in LABELS}

    def check_folders(self, folders: Iterable[str]) -> None:
        """Require an example of every class folder.

        Raises:
          DataError: a folder has none; says what was in it.
        """
        usable_folders = {folder for folder, _ in self._kept}
        for folder in folders:
            if folder not in usable_folders:
                reasons = self._by_folder.get(folder, Counter())
                content = f"{reasons.total()} rejected: {_listed(reasons)}" if reasons else "no files"
                raise DataError(
                    f"class folder {folder} (data.classes): expected usable images, found {content}"
                )

    def summary(self) -> str:
        """One line: what was kept per label, what was rejected by reason."""
        reasons = sum(self._by_folder.values(), Counter[str]())
        kept = ", ".join(f"{count} {label}" for label, count in self.num_examples.items())
        rejected = f"{reasons.total()} ({_listed(reasons)})" if reasons else "none"
        return f"kept {sum(self.num_examples.values())} images ({kept}); rejected {rejected}"

    def as_csv(self) -> str:
        """The content of rejected.csv: columns file and reason, by name of file."""
        return csv_text(Rejection._fields, self.rejections)

    def _progress(self) -> None:
        num_files = self._kept.total() + len(self._rejections)
        if num_files % _ANNOUNCE_EVERY == 0:
            self._announce(f"{num_files} files read, {len(self._rejections)} of them rejected")


def _phrase(reason: str) -> str:
    return reason.split(":")[0]


def _listed(reasons: Counter[str]) -> str:
    counts = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {reason}" for reason, count in counts)
