"""A URL in place of a path is answered with the command that fetches it."""

from pathlib import Path

import pytest

from pawtrace.config.urls import how_to_fetch


@pytest.mark.parametrize(
    "url", ["s3://pets/2026/photos.zip", "https://pets.org/photos.zip", "gs://pets/photos/"]
)
def test_a_url_is_answered_with_dvcs_command(url: str) -> None:
    name = Path(url).name
    wanted = f"run: dvc import-url {url.rstrip('/')} data/archives/{name}, and use data/archives/{name}"
    for given in (url, Path(url)):
        assert str(how_to_fetch(given)).endswith(wanted)


@pytest.mark.parametrize("path", ["data/archives/a.zip", "/photos", "a:b/c.zip", "C:/photos", "photos:/"])
def test_a_path_is_none(path: str) -> None:
    assert how_to_fetch(path) is None
