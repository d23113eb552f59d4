"""A small git repository with results and a DVC, as the tests of rebuilding need it."""

from pathlib import Path

import pytest

from pawtrace.running.git import git
from tests.conftest import ROOT


def commit_all(message: str) -> str:
    """Commit everything; give the commit."""
    git("add", "--all")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", message)
    return git("rev-parse", "HEAD")


@pytest.fixture
def repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit: a params file, a lock, a report."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for what runs `python -m pawtrace...` in it
    git("init", "--quiet", "--initial-branch", "mine")
    for name, text in {
        "params.yaml": "a: 1\n",
        "dvc.lock": "schema: '2.0'\nstages: {}\n",
        "reports/ladder.md": "old\n",
        "models/.gitignore": "/small_head\n",
        ".gitignore": ".pawtrace/\n",
        "data/archives/.gitignore": "*\n",
        "data/weights/.gitignore": "*\n",
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    for name in ("models/small_head/model.keras", "data/archives/photos.zip"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("large\n")
    git("add", "--force", "data/archives/.gitignore", "data/weights/.gitignore")
    commit_all("first")
    return project
