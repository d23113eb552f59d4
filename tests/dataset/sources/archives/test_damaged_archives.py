"""Whatever is wrong with an archive: it is read, or one line says why not; soon, and without a traceback."""

import resource
import time
from pathlib import Path

import pytest

from tests.dataset.photos import data_params, pet_files
from tests.dataset.sources.archives.damaging import damaged_archive
from tests.dataset.sources.archives.reading import Outcome, read_all

PHOTOS = set(pet_files(8))


def is_accounted_for(name: str, listed: set[str]) -> bool:
    """Whether a sound file is listed, directly or in the zip within."""
    return name in listed or f"PetImages.zip/{name}" in listed


def check(path: Path, outcome: Outcome) -> None:
    if outcome.refusal is not None:
        assert "\n" not in outcome.refusal
        assert str(path) in outcome.refusal or "data.classes" in outcome.refusal
        return
    for reason in outcome.rejected.values():
        assert reason
        assert "\n" not in reason
    # An archive that is read as a whole has lost no file, unless damage renamed it.
    listed = set(outcome.kept) | set(outcome.rejected)
    missing = [name for name in PHOTOS if not is_accounted_for(name, listed)]
    assert len(missing) <= len(listed - PHOTOS - {f"PetImages.zip/{name}" for name in PHOTOS})


@pytest.mark.parametrize(
    "seeds",
    [
        range(20),
        *(pytest.param(range(first, first + 20), marks=pytest.mark.long) for first in range(20, 200, 20)),
    ],
    ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}",
)
def test_a_damaged_archive_is_read_or_refused_in_one_line(
    tmp_path: Path, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in seeds:
        path = damaged_archive(tmp_path, seed)
        start = time.monotonic()
        outcome = read_all(path, data_params())
        assert time.monotonic() - start < 20, seed
        check(path, outcome)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80 * 1024
