"""A URL where the path of an archive is expected: DVC fetches the archive, and records its version."""

import re
from pathlib import PurePath

from pawtrace.config.paths import ARCHIVES

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(?=[^/])")  # `Path` has made one slash of two


def how_to_fetch(path: str | PurePath) -> str | None:
    """What to do with the URL of an archive, given as text or as a `Path`; None if it is a path."""
    found = _SCHEME.match(str(path))
    if found is None:
        return None
    rest = str(path)[found.end() :].rstrip("/")
    target = ARCHIVES / (PurePath(rest).name or "photos")
    return f"expected a path, found a URL; run: dvc import-url {found[1]}://{rest} {target}, and use {target}"
