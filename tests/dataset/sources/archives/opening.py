"""What an archive has: its members, or the line that refuses it."""

from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.archive import Archive, Member
from tests.dataset.photos import LIMITS


def members(path: Path, **limits: float) -> dict[str, Member]:
    archive = Archive(path, LIMITS.model_copy(update=limits))
    return {member.name: member for member in archive.members()}


def refusal(path: Path, **limits: float) -> str:
    """Why an archive is refused, which must be said in one line that names it."""
    with pytest.raises(DataError) as error:
        members(path, **limits)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    return message
