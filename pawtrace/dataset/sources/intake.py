"""Counts what an archive contains: examples kept, files rejected, and why."""

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
      announce: gets the lines about the progress.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._rejections: list[Rejection] = []
        self._kept: Counter[tuple[str, str]] = Counter()  # by class folder or pattern, and label
        self._by_group: dict[str | None, Counter[str]] = {}  # reasons

    def keep(self, group: str, label: str) -> None:
        """Count an example; `group` is its class folder, or the label whose pattern it matches."""
        self._kept[group, label] += 1
        self._progress()

    def reject(self, file: str, reason: str, group: str | None = None) -> None:
        """List a file; `group` as for `keep`, None for a file without one."""
        self._rejections.append(Rejection(file, reason))
        self._by_group.setdefault(group, Counter())[_phrase(reason)] += 1
        self._progress()

    @property
    def rejections(self) -> list[Rejection]:
        """The rejected files by name."""
        return sorted(self._rejections)

    @property
    def num_examples(self) -> dict[str, int]:
        """Examples kept per label."""
        return {label: sum(count for key, count in self._kept.items() if key[1] == label) for label in LABELS}

    def check_groups(self, groups: Iterable[str], title: str) -> None:
        """Require an example of every class folder or pattern.

        Args:
          groups: what `keep` and `reject` were told.
          title: how to call a group, with {group} in it.
        Raises:
          DataError: a group has none; says what was in it.
        """
        usable = {group for group, _ in self._kept}
        for group in groups:
            if group not in usable:
                reasons = self._by_group.get(group, Counter())
                content = f"{reasons.total()} rejected: {_listed(reasons)}" if reasons else "no files"
                raise DataError(f"{title.format(group=group)}: expected usable images, found {content}")

    def summary(self) -> str:
        """One line: what was kept per label, what was rejected by reason."""
        reasons = sum(self._by_group.values(), Counter[str]())
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
