"""git: one line where it fails, and files as they are."""

from pathlib import Path

import pytest

from pawtrace.running.git import GitError, ask_git, git, git_bytes

pytestmark = pytest.mark.usefixtures("project")


def test_a_folder_that_is_no_repository_says_how_to_make_one() -> None:
    with pytest.raises(GitError, match="not a git repository.*run: git init && git add .* && git commit"):
        git("status")
    assert ask_git("status") is None


def test_a_failure_is_one_line_with_the_command_or_none_for_who_only_asks() -> None:
    git("init", "--quiet")
    with pytest.raises(GitError, match="^git rev-parse failed: .*fatal.*; run: git rev-parse HEAD") as error:
        git("rev-parse", "HEAD")
    assert "\n" not in str(error.value)
    assert ask_git("rev-parse", "HEAD") is None


def test_a_machine_without_git_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="installed"):
        git("status")
    assert ask_git("status") is None


def test_a_file_comes_back_byte_by_byte_and_text_without_its_last_newline(project: Path) -> None:
    git("init", "--quiet")
    (project / "picture").write_bytes(b"\xff\r\n\n")
    git("add", "picture")
    assert git_bytes("show", ":picture") == b"\xff\r\n\n"
    assert git("ls-files") == "picture"
