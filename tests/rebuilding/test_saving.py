"""Results are committed on a branch of their own; what the user has checked out does not move."""

from pathlib import Path

import pytest

from pawtrace.rebuilding.saving import Saved, commit_results
from pawtrace.running.git import GitError, git
from tests.rebuilding.repositories import commit_all, repository

__all__ = ["repository"]


def save(date: str = "2026-11-25") -> Saved:
    return commit_results(Path(".git").resolve(), git("rev-parse", "HEAD"), date, "a rebuild")


def test_the_commit_is_head_with_the_results_laid_over_it(repository: Path) -> None:
    head = git("rev-parse", "HEAD")
    (repository / "reports/ladder.md").write_text("new\n")
    (repository / "reports/metrics").mkdir()
    (repository / "reports/metrics/a.json").write_text("{}\n")
    assert save() == Saved("rebuild/2026-11-25", is_new=True)
    assert git("rev-parse", "rebuild/2026-11-25^") == head
    assert git("show", "rebuild/2026-11-25:reports/ladder.md") == "new"
    changed = git("diff", "--name-only", "HEAD", "rebuild/2026-11-25").splitlines()
    assert changed == ["reports/ladder.md", "reports/metrics/a.json"]


def test_branch_index_and_files_stay_as_they_are(repository: Path) -> None:
    (repository / "params.yaml").write_text("a: 2\n")
    git("add", "params.yaml")
    (repository / "params.yaml").write_text("a: 3\n")
    (repository / "reports/ladder.md").write_text("new\n")
    (repository / "note.txt").write_text("mine\n")
    before = git("status", "--porcelain"), git("rev-parse", "HEAD"), git("symbolic-ref", "HEAD")
    branch = save().branch
    assert before == (git("status", "--porcelain"), git("rev-parse", "HEAD"), git("symbolic-ref", "HEAD"))
    assert git("show", ":params.yaml") == "a: 2"
    assert git("show", f"{branch}:params.yaml") == "a: 1"
    with pytest.raises(GitError):
        git("show", f"{branch}:note.txt")


def test_a_result_that_is_gone_is_gone_in_the_commit(repository: Path) -> None:
    (repository / "reports/ladder.md").unlink()
    assert git("ls-tree", "--name-only", f"{save().branch}", "reports/") == ""


def test_a_second_run_that_day_takes_nobodys_branch(repository: Path) -> None:
    (repository / "reports/ladder.md").write_text("new\n")
    save()
    first = git("rev-parse", "rebuild/2026-11-25")
    (repository / "reports/ladder.md").write_text("newer\n")
    assert save() == Saved("rebuild/2026-11-25-2", is_new=True)
    assert git("rev-parse", "rebuild/2026-11-25") == first


def test_nothing_new_is_no_commit(repository: Path) -> None:
    assert save() == Saved(None, is_new=False)
    (repository / "reports/ladder.md").write_text("new\n")
    save()
    assert save("2026-11-26") == Saved("rebuild/2026-11-25", is_new=False)
    assert git("branch", "--list", "rebuild/*").split() == ["rebuild/2026-11-25"]


def test_a_detached_head_is_no_hindrance(repository: Path) -> None:
    git("checkout", "--quiet", "--detach")
    (repository / "reports/ladder.md").write_text("new\n")
    assert save().branch == "rebuild/2026-11-25"
    with pytest.raises(GitError):
        git("symbolic-ref", "HEAD")


@pytest.mark.usefixtures("repository")
def test_results_belong_to_the_commit_that_the_run_worked_on() -> None:
    base = git("rev-parse", "HEAD")
    Path("params.yaml").write_text("a: 2\n")
    commit_all("the user's, meanwhile")
    Path("reports/ladder.md").write_text("new\n")
    branch = commit_results(Path(".git").resolve(), base, "2026-11-25", "a rebuild").branch
    assert git("rev-parse", f"{branch}^") == base
    assert git("show", f"{branch}:params.yaml") == "a: 1"


def test_nobody_needs_to_have_told_git_a_name(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for scope in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(scope, "/dev/null")
    git("config", "user.useConfigOnly", "true")
    (repository / "reports/ladder.md").write_text("new\n")
    assert git("log", "-1", "--format=%an", f"{save().branch}") == "pawtrace"
