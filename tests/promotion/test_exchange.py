"""A folder is replaced in one step: its place is never empty, and a failure leaves it as it was."""

import threading
from pathlib import Path

import pytest

from pawtrace.base.errors import DeviceError
from pawtrace.promotion import exchange
from pawtrace.promotion.exchange import replaced_folder


def fill(folder: Path, content: str) -> None:
    for name in ("a", "b"):
        (folder / name).write_text(content)


def test_the_place_is_there_at_every_moment(tmp_path: Path) -> None:
    place, done, absent = tmp_path / "place", threading.Event(), []

    def watch() -> None:
        while not done.is_set():
            if not (place / "a").exists():
                absent.append(1)

    with replaced_folder(place) as folder:
        fill(folder, "0")
    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(300):
        with replaced_folder(place) as folder:
            fill(folder, str(number))
    done.set()
    watcher.join()
    assert absent == []
    assert (place / "a").read_text() == "299"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "place"
    with replaced_folder(place) as folder:
        fill(folder, "old")
    with pytest.raises(ZeroDivisionError), replaced_folder(place) as folder:
        fill(folder, "new")
        raise ZeroDivisionError
    assert (place / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_what_a_killed_run_left_is_no_part_of_the_next(tmp_path: Path) -> None:
    (tmp_path / ".partial-place").mkdir()
    (tmp_path / ".partial-place/stale").touch()
    with replaced_folder(tmp_path / "place") as folder:
        fill(folder, "new")
    assert sorted(path.name for path in (tmp_path / "place").iterdir()) == ["a", "b"]


def test_a_file_system_that_cannot_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with replaced_folder(tmp_path / "place") as folder:
        fill(folder, "old")
    monkeypatch.setattr(exchange, "_EXCHANGE", 1 << 30)  # the kernel knows no such flag
    with (
        pytest.raises(DeviceError, match="that can exchange two folders, found: Invalid argument"),
        replaced_folder(tmp_path / "place") as folder,
    ):
        fill(folder, "new")
    assert (tmp_path / "place/a").read_text() == "old"
