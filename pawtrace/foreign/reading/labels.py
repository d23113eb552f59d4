"""The label of a photo, as its path tells it."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from pawtrace.config.sections import LABELS
from pawtrace.dataset.sources.layout import labels_in, words_in


def label_of(path: str, *, by_folder: bool = False) -> int | None:
    """The label that a photo's path tells; None without one.

    A file's first word counts most (cat.0.jpg), then the deepest folder with cat or dog in its name, then
    the file's other words.

    Args:
      path: of the photo.
      by_folder: folders count most, as for Keras's loaders. Right if there are folders of both labels.
    """
    photo = PurePosixPath(path)
    of_folders, first = _folders(photo), words_in(photo.stem)[:1]
    return _label_in([*of_folders, *first, photo.stem] if by_folder else [*first, *of_folders, photo.stem])


def label_of_folders(path: str) -> int | None:
    """The label that the deepest folder with cat or dog in its name tells; None without one."""
    return _label_in(_folders(PurePosixPath(path)))


def _folders(photo: PurePosixPath) -> Iterable[str]:
    return reversed(photo.parent.parts)


def _label_in(names: Iterable[str]) -> int | None:
    """The label that the first of these names with exactly one says."""
    for name in names:
        said = labels_in(name)
        if len(said) == 1:
            return LABELS.index(said.pop())
    return None
