"""How the photos of an archive are labelled and divided, as far as its paths tell.

Arrives: the paths of an archive, one at a time. Leaves: which class folders are missing, and what to
set instead. Memory stays bounded, however many paths there are.
"""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pawtrace.base.errors import DataError
from pawtrace.base.names import comparable, folders_on
from pawtrace.config.sections import LABELS
from pawtrace.dataset.sources.true_names import is_system_file

_MAX_FOLDERS = 10_000  # different names that are remembered
_NUM_LISTED = 20
# Patterns that name the label in the file's name, of data sets that many people have.
KNOWN_PATTERNS: tuple[dict[str, str], ...] = (
    {label: rf"(?i)(^|/){label}s?[^a-z/][^/]*$" for label in LABELS},  # cat.0.jpg, as Kaggle has them
    {
        "cat": r"(^|/)[A-Z][^/]*_\d+\.[^/]*$",
        "dog": r"(^|/)[a-z][^/]*_\d+\.[^/]*$",
    },  # breeds, as Oxford has them
)
_OTHER_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".rar", ".7z")
_MIN_SHARE = 0.5  # of the files that a known pattern must give a label
_NAMES_OF_LABEL = {
    "cat": {"cat", "cats", "kitten", "kittens", "kitty", "kitties"},
    "dog": {"dog", "dogs", "doggy", "puppy", "puppies", "pup", "pups"},
}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")  # of dog_photos, DogPhotos, DOGS-2


class Layout:
    """What is learned from the paths of an archive."""

    def __init__(self) -> None:
        self._folders: set[str] = set()
        self._num_files = 0
        self._archive_within: str | None = None  # the first that is not opened
        self._matches = [Counter[str]() for _ in KNOWN_PATTERNS]

    @property
    def folders(self) -> list[str]:
        """The names of folders, and of zips within without `.zip`, comparable, sorted."""
        return sorted(self._folders)

    @property
    def num_files(self) -> int:
        """How many files there are."""
        return self._num_files

    @property
    def clear_classes(self) -> dict[str, str]:
        """The folders whose names say cat or dog, and not both, with their label; empty unless both labels
        have one.
        """
        clear = self._named_classes
        return clear if set(clear.values()) == set(LABELS) else {}

    @property
    def lacks(self) -> str | None:
        """The label that no folder's name says, where another folder's name says the other one."""
        said = set(self._named_classes.values())
        return next(label for label in LABELS if label not in said) if len(said) == 1 else None

    @property
    def _named_classes(self) -> dict[str, str]:
        labels = {folder: labels_in(folder) for folder in self.folders}
        return {folder: next(iter(said)) for folder, said in labels.items() if len(said) == 1}

    @property
    def clear_pattern(self) -> dict[str, str] | None:
        """The known pattern, as for `data.label_pattern`, that gives most files a label; None without one."""
        for patterns, matches in zip(KNOWN_PATTERNS, self._matches, strict=True):
            if all(matches[label] for label in LABELS) and matches.total() >= _MIN_SHARE * self._num_files:
                return patterns
        return None

    def see(self, path: str, is_folder: bool) -> None:
        """Take notice of a path."""
        if not path or is_system_file(path):  # "": a tar's ./
            return
        names = folders_on(f"{path}/" if is_folder else path)
        if len(self._folders) < _MAX_FOLDERS:
            self._folders.update(names)
        if is_folder:
            return
        self._num_files += 1
        if self._archive_within is None and path.lower().endswith(_OTHER_ARCHIVES):
            self._archive_within = path
        for patterns, matches in zip(KNOWN_PATTERNS, self._matches, strict=True):
            labels = labels_by_pattern(path, patterns)
            if len(labels) == 1:
                matches[labels[0]] += 1

    def check_class_folders(self, path: Path, classes: Mapping[str, str]) -> None:
        """Require every class folder to be somewhere in the archive.

        Raises:
          DataError: one is missing; names the folders that are there, and what to set instead.
        """
        for folder in classes:
            if comparable(folder) not in self._folders and len(self._folders) < _MAX_FOLDERS:
                listed = ", ".join(self.folders[:_NUM_LISTED]) or "none"
                more = ", ..." if len(self._folders) > _NUM_LISTED else ""
                raise DataError(
                    f"{path}: expected a folder {folder} (data.classes), found the folders: {listed}{more}"
                    f"{self._advice()}"
                )

    def _advice(self) -> str:
        if self.clear_classes:
            classes = ", ".join(f"{folder}: {label}" for folder, label in self.clear_classes.items())
            return f"; set data.classes: {{{classes}}}"
        if (patterns := self.clear_pattern) is not None:
            pairs = ", ".join(f"{label}: '{pattern}'" for label, pattern in patterns.items())
            return f"; the names of the files seem to be the labels: set data.label_pattern: {{{pairs}}}"
        if self._archive_within is not None:
            return f"; {self._archive_within} is itself an archive: unpack it, and use the unpacked folder"
        return ""


def labels_by_pattern(path: str, patterns: Mapping[str, str]) -> list[str]:
    """The labels whose pattern is found in a path."""
    return [label for label, pattern in patterns.items() if re.search(pattern, path)]


def labels_in(name: str) -> set[str]:
    """The labels that a folder's or file's name says: one for `dog_photos`, two for `cats and dogs`."""
    words = {word.lower() for word in words_in(name)}
    return {label for label, names in _NAMES_OF_LABEL.items() if words & names}


def words_in(name: str) -> list[str]:
    """The words of a folder's or file's name: `dog` and `photos` of dog_photos, DogPhotos and dog-photos2."""
    return _WORDS.findall(name)
