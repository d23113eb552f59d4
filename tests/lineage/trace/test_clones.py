"""Clones as people make them: shallow ones, and those in which git converts ends of lines."""

import re
import subprocess
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.lineage.trace.dvc_lock import read_lock
from pawtrace.lineage.trace.revisions import open_revision
from pawtrace.lineage.trace.snapshot import Snapshot
from tests.conftest import ROOT
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import of, traced_between


def shallow_clone(traced: TracedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    traced.git("clone", "-q", "--depth", "1", f"file://{traced.folder}", "shallow")
    monkeypatch.chdir(traced.folder / "shallow")


@pytest.mark.parametrize("name", ["HEAD~1", "origin/other"])
def test_a_shallow_clone_says_so_and_how_to_deepen_it(
    traced: TracedProject, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    traced.git("branch", "other")
    traced.num_right["plain"] = 70
    traced.run()
    traced.commit("worse")
    shallow_clone(traced, monkeypatch)
    with pytest.raises(DataError, match=f"^{name}: .*shallow") as caught:
        open_revision(name)
    (command,) = re.findall("; run: (.*)$", str(caught.value))
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert of(traced_between(name, "HEAD"), "plain").moved


def test_a_shallow_clone_says_that_commits_of_code_may_be_missing(
    traced: TracedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced.write_code("pawtrace/learning", "value = 2\n")
    traced.run()
    older, _ = traced.git("rev-parse", "HEAD"), traced.commit("edited")
    shallow_clone(traced, monkeypatch)
    subprocess.run(["git", "fetch", "-q", "--depth", "1", "origin", older], check=True)
    assert any("shallow" in problem for problem in traced_between(older, "HEAD").problems)
    assert not any("shallow" in problem for problem in traced_between("HEAD", "HEAD").problems)


def test_without_the_older_commit_a_whole_clone_is_not_called_shallow(traced: TracedProject) -> None:
    del traced
    with pytest.raises(DataError, match="^HEAD~9: ") as caught:
        open_revision("HEAD~9")
    assert "shallow" not in str(caught.value)


def test_git_gives_back_the_bytes_that_dvc_hashed_whatever_it_converts(traced: TracedProject) -> None:
    Path(".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    for path in ("pawtrace/learning/dos.py", "pawtrace/learning/unix.py"):
        Path(path).write_bytes(b"value = 1\r\n" if "dos" in path else b"value = 1\n")
    traced.run()
    traced.commit("ends of lines")
    for setting in ("true", "input", "false"):
        traced.git("-c", f"core.autocrlf={setting}", "clone", "-q", ".", setting)
        for name in traced.git("ls-files").splitlines():
            assert Path(setting, name).read_bytes() == Path(name).read_bytes(), (setting, name)


def test_a_commit_is_read_as_it_is_stored_whatever_git_converts(traced: TracedProject) -> None:
    traced.git("config", "core.autocrlf", "true")
    revision = open_revision("HEAD")
    code = read_lock(revision)["train@plain"].code
    assert Snapshot(revision).md5("pawtrace/learning", is_folder=True) == code["pawtrace/learning"]
