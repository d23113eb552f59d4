"""Test photos and training photos: from two sources, or from one that has folders for both."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from pawtrace.foreign.reading.photos import Photos, from_archive, read_photos, sampled

_TRAIN = {"train", "training"}  # names of folders with photos that a model was trained on ...
_TEST = {"test", "testing", "val", "valid", "validation"}  # ... and with photos that it has not seen


def read_sets(test: Any, train: Any, say: Callable[[str], None]) -> tuple[Photos, Photos | None]:
    """Read the test photos, and the training photos where they are known.

    Args:
      test: see `read_photos`. If it is a folder or an archive with folders train and test (or val), and
        `train` is None, it holds both sets.
      train: the same, or None.
      say: gets a line if one source holds both.
    Raises:
      DataError: see `read_photos`.
    """
    if train is not None or not isinstance(test, str | Path):
        return read_photos(test), None if train is None else read_photos(train)
    where = str(test)
    photos, left_out = from_archive(Path(test))
    seen, unseen = ([photo for photo in photos if _is_in(photo[0], names)] for names in (_TRAIN, _TEST))
    if not (seen and unseen):
        return sampled(photos, where=where)._replace(left_out=left_out), None
    found = f"{len(unseen)} test photos, {len(seen)} training photos"
    say(f"{where} has folders for testing and for training: {found}")
    return (
        sampled(unseen, where=f"{where}, test")._replace(left_out=left_out),
        sampled(seen, where=f"{where}, train"),
    )


def _is_in(name: str, folders: set[str]) -> bool:
    return any(folder.lower() in folders for folder in PurePosixPath(name).parts[:-1])
