"""Nothing finished is replaced by something unfinished."""

import csv
import errno
import os
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest

from pawtrace.base.files import csv_text, new_file, new_folder, reserve, write_json, write_text
from tests.conftest import ROOT


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with new_file(path) as partial:
        partial.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), new_file(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/old").write_text("old")
    with new_folder(folder) as partial:
        (partial / "new").write_text("new")
        assert (folder / "sub/old").exists()
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_folder_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(error), new_folder(folder) as partial:
        (partial / "new").write_text("new")
        raise error
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_swap_that_was_cut_off_is_undone_by_the_next_run(tmp_path: Path) -> None:
    (tmp_path / ".old-out").mkdir()
    (tmp_path / ".old-out/finished").write_text("old")
    with pytest.raises(RuntimeError), new_folder(tmp_path / "out"):
        raise RuntimeError
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["finished"]


def test_an_interrupt_in_the_middle_of_the_swap_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "finished").write_text("old")
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.name.startswith(".partial"):
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), new_folder(folder) as partial:
        (partial / "new").write_text("new")
    assert [path.name for path in folder.iterdir()] == ["finished"]
    assert list(tmp_path.iterdir()) == [folder]


def test_equal_content_is_equal_bytes_and_nan_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"x": 1, "y": 2})
    write_json(tmp_path / "b", {"y": 2, "x": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a", {"x": float("nan")})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("left", ["models/.partial-from_scratch", "data/.old-raw", "reports/.partial-plots"])
def test_what_a_kill_leaves_behind_is_not_committed_by_accident(left: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "--no-index", "-q", left], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_csv_is_read_back_as_it_was_written_with_the_same_line_ends_everywhere(tmp_path: Path) -> None:
    rows = [["a,b", 'c "d"'], ["two\nlines", "ä"]]
    write_text(tmp_path / "table.csv", csv_text(("one", "two"), rows))
    assert (tmp_path / "table.csv").read_bytes().startswith(b"one,two\n")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["one", "two"], *rows]


@pytest.mark.parametrize(
    "refusal",
    [None, OSError(errno.EOPNOTSUPP, "Operation not supported")],
    ids=["no such call", "not on this file system"],
)
def test_room_is_kept_also_where_the_system_has_no_call_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: OSError | None
) -> None:
    if refusal is None:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    else:
        monkeypatch.setattr(os, "posix_fallocate", Mock(side_effect=refusal), raising=False)
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(b"head")
        file.truncate(3_000_000)
    assert path.stat().st_blocks * 512 < 3_000_000
    reserve(path, start=4)
    assert path.stat().st_size == 3_000_000
    assert path.stat().st_blocks * 512 >= 3_000_000
    assert path.read_bytes()[:5] == b"head\0"


def test_a_disk_without_room_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OSError, match="No space"):
        reserve(tmp_path / "file")
