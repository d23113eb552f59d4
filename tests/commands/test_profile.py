"""Switching profiles never loses an edit."""

import subprocess
from pathlib import Path

import pytest

from pawtrace.base.errors import ParamsError
from pawtrace.commands.profile import switch_to
from tests.conftest import ROOT


@pytest.fixture
def repository(project: Path) -> Path:
    (project / "profiles").mkdir()
    for name in ("sample.yaml", "cats_vs_dogs.yaml"):
        (project / "profiles" / name).write_text((ROOT / "profiles" / name).read_text())
    (project / "params.yaml").write_text((ROOT / "profiles/sample.yaml").read_text())
    for command in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -qm start"):
        subprocess.run(["git", *command.split()], check=True)
    return project


def test_switching_prints_what_changed(repository: Path) -> None:
    changes = switch_to("cats_vs_dogs")
    assert "data.source: sample -> cats_vs_dogs" in changes
    assert "train.weights: None -> imagenet" in changes
    assert (repository / "params.yaml").read_text() == (repository / "profiles/cats_vs_dogs.yaml").read_text()


def test_switching_there_and_back_is_no_edit(repository: Path) -> None:
    switch_to("cats_vs_dogs")
    assert switch_to("cats_vs_dogs") == []
    switch_to("sample")
    assert subprocess.run(["git", "diff", "--quiet"], cwd=repository, check=False).returncode == 0


def test_an_uncommitted_edit_is_refused_and_kept(repository: Path) -> None:
    params = repository / "params.yaml"
    edited = params.read_text() + "# a thought\n"
    params.write_text(edited)
    with pytest.raises(ParamsError, match="uncommitted edits"):
        switch_to("cats_vs_dogs")
    assert params.read_text() == edited


@pytest.mark.usefixtures("repository")
def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParamsError, match="no such profile; there are: cats_vs_dogs, sample"):
        switch_to("dogs")
