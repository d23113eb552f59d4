"""What `make repro` says at its end: commands that bring all results into git, and nothing else."""

import subprocess
from pathlib import Path

import pytest

from pawtrace.running.git import git
from pawtrace.running.to_commit import commands


@pytest.fixture
def repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "a")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@b")
    git("init", "--quiet")
    for name in ("dvc.lock", "reports/metrics/old.json", "params.yaml", "notes.txt"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("1")
    git("add", ".")
    git("commit", "-qm", "start")
    return project


def test_new_changed_and_deleted_results_are_committed_and_your_other_files_are_not(repository: Path) -> None:
    (repository / "reports/metrics/new.json").write_text("2")
    (repository / "reports/metrics/old.json").unlink()
    (repository / "dvc.lock").write_text("2")
    (repository / "notes.txt").write_text("2")
    for line in commands():
        subprocess.run(line, shell=True, check=True, capture_output=True)
    assert git("status", "--porcelain").strip() == "M notes.txt"
    assert git("ls-files", "reports") == "reports/metrics/new.json"


def test_where_nothing_changed_nothing_is_said(repository: Path) -> None:
    (repository / "notes.txt").write_text("2")
    assert commands() == []
