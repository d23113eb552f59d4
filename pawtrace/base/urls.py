"""A URL where a path is expected: DVC fetches the file, and records which version it fetched."""

import re
from pathlib import PurePath

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(?=[^/])")  # `Path` has made one slash of two


def how_to_fetch(path: str | PurePath, folder: PurePath) -> str | None:
    """What to do with a URL of a file or folder; None if it is a path.

    Args:
      path: what somebody wrote, perhaps as a `Path`.
      folder: where the file should be.
    """
    found = _SCHEME.match(str(path))
    if found is None:
        return None
    rest = str(path)[found.end() :].rstrip("/")
    target = folder / (PurePath(rest).name or "photos")
    return f"expected a path, found a URL; run: dvc import-url {found[1]}://{rest} {target}, and use {target}"
