"""The label of a photo, as its path tells it."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

_NAMES = (  # of LABELS, as whole words in names of folders and files: no cat in `location`
    {"cat", "cats", "kitten", "kittens", "kitty", "kitties"},
    {"dog", "dogs", "doggy", "puppy", "puppies", "pup", "pups"},
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")  # of dog_photos, DogPhotos, DOGS-2


def label_of(path: str, *, by_folder: bool = False) -> int | None:
    """The label that a photo's path tells; None without one.

    A file's first word counts most (cat.0.jpg), then the deepest folder with cat or dog in its name, then
    the file's other words.

    Args:
      path: of the photo.
      by_folder: folders count most, as for Keras's loaders. Right if there are folders of both labels.
    """
    photo = PurePosixPath(path)
    file = _WORD.findall(photo.stem)
    of_folders, first = _words_of_folders(photo), file[:1]
    return _label_in([*of_folders, first, file] if by_folder else [first, *of_folders, file])


def label_of_folders(path: str) -> int | None:
    """The label that the deepest folder with cat or dog in its name tells; None without one."""
    return _label_in(_words_of_folders(PurePosixPath(path)))


def _words_of_folders(photo: PurePosixPath) -> list[list[str]]:
    return [_WORD.findall(name) for name in reversed(photo.parent.parts)]


def _label_in(names: Iterable[Sequence[str]]) -> int | None:
    """The label in the first of these names, each a list of words, that tells exactly one."""
    for words in names:
        said = {word.lower() for word in words}
        found = [label for label, its_names in enumerate(_NAMES) if said & its_names]
        if len(found) == 1:
            return found[0]
    return None
