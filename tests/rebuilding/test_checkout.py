"""A scheduled run works on what a commit has: here, or in a clean clone."""

from pathlib import Path

import pytest

from pawtrace.rebuilding import checkout
from pawtrace.running.git import git
from tests.dvc_in_process import dvc_in_process
from tests.rebuilding.repositories import commit_all, repository

__all__ = ["repository"]


def test_results_of_runs_are_no_edits(repository: Path) -> None:
    (repository / "dvc.lock").write_text("schema: '2.0'\nstages: {a: {}}\n")
    (repository / "reports/ladder.md").write_text("new\n")
    (repository / "models/promoted.dvc").write_text("outs: []\n")
    assert checkout.edited_files() == []
    checkout.refuse_edits()


@pytest.mark.parametrize("name", ["params.yaml", "stages/new.py"])
def test_edits_are_refused_by_name_with_what_to_do(repository: Path, name: str) -> None:
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text("b: 1\n")
    with pytest.raises(checkout.DirtyTreeError, match=f"found {name}; commit them, or set"):
        checkout.refuse_edits()


def test_a_commit_or_an_edit_meanwhile_is_refused(repository: Path) -> None:
    base = git("rev-parse", "HEAD")
    (repository / "reports/ladder.md").write_text("new\n")
    checkout.refuse_change(base)
    (repository / "params.yaml").write_text("a: 2\n")
    with pytest.raises(checkout.DirtyTreeError, match=f"expected {base[:10]} without changes"):
        checkout.refuse_change(base)
    commit_all("meanwhile")
    with pytest.raises(checkout.DirtyTreeError):
        checkout.refuse_change(base)


@pytest.mark.parametrize("rest", ["schema: '2.0'\nstages:\n  a: {cmd: \"", "", "schem"])
def test_a_lock_file_that_was_cut_off_is_replaced_and_said_so(repository: Path, rest: str) -> None:
    whole = (repository / "dvc.lock").read_text()
    (repository / "dvc.lock").write_text(rest)
    said: list[str] = []
    checkout.repair_lock_file(said.append)
    assert (repository / "dvc.lock").read_text() == whole
    assert said == ["dvc.lock was cut off by a kill; restoring it from the last commit"]


def test_a_whole_lock_file_is_left_alone(repository: Path) -> None:
    (repository / "dvc.lock").write_text("schema: '2.0'\nstages: {a: {}}\n")
    said: list[str] = []
    checkout.repair_lock_file(said.append)
    assert said == []
    assert "a: {}" in (repository / "dvc.lock").read_text()


@pytest.mark.slow
def test_a_clone_has_the_commit_the_cache_the_remote_and_the_users_files(repository: Path) -> None:
    dvc_in_process("init", "--quiet")
    dvc_in_process("remote", "add", "--default", "store", "../store")
    commit_all("with dvc")
    (repository / "params.yaml").write_text("a: 2\n")
    said: list[str] = []
    with checkout.clean_clone(said.append) as folder:
        assert Path.cwd() == folder == repository / ".pawtrace/clone"
        assert Path("params.yaml").read_text() == "a: 1\n"
        assert checkout.edited_files() == []
        assert Path("data/archives/photos.zip").read_text() == "large\n"
        assert dvc_in_process("cache", "dir").lines[-1] == str(repository / ".dvc/cache")
        assert dvc_in_process("remote", "list").lines[-1].split()[1] == str(repository.parent / "store")
        Path(".pawtrace").mkdir(exist_ok=True)
        Path(".pawtrace/checkpoint").touch()
        Path("params.yaml").write_text("a: 9\n")
    assert Path.cwd() == repository
    assert (repository / "params.yaml").read_text() == "a: 2\n"
    assert said[0].startswith("there are uncommitted edits: working on a clone of ")
    commit_all("the edit")
    with checkout.clean_clone(said.append):  # the same folder, another commit
        assert Path("params.yaml").read_text() == "a: 2\n"
        assert Path(".pawtrace/checkpoint").exists()
    assert git("symbolic-ref", "--short", "HEAD") == "mine"
