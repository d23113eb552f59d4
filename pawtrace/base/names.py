"""Names of files in an archive: which folders lie on a path, compared as people see them."""

import unicodedata

_ZIP = ".zip"


def comparable(folder: str) -> str:
    """A folder's name as names are compared: composed (NFC), and a zip as the folder that it would unpack to.

    macOS writes an umlaut as two characters, keyboards give one: both look the same, and so are equal here.
    """
    composed = unicodedata.normalize("NFC", folder)
    return composed[: -len(_ZIP)] if composed.lower().endswith(_ZIP) else composed


def folders_on(path: str) -> list[str]:
    """The names of the folders, and of the zips, that a file lies in, from the top down; comparable.

    Args:
      path: with forward slashes, as in `data/raw/rejected.csv`.
    """
    return [comparable(part) for part in path.split("/")[:-1]]
