"""Files of weights that count as the published ones, as nobody can download those here."""

import hashlib
from pathlib import Path

import pytest

from pawtrace.config.imagenet import PUBLISHED


def count_as_published(path: Path, backbone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the md5 that is known of a backbone's weights be that of a file."""
    known = {"md5": hashlib.md5(path.read_bytes()).hexdigest(), "num_bytes": None}
    monkeypatch.setitem(PUBLISHED, backbone, PUBLISHED[backbone]._replace(**known))
