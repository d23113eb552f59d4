"""The promoted model is switched in one step: readers find one whole model, also after a kill."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pawtrace.base.errors import PawtraceError
from pawtrace.promotion.switch import new_promoted, was_cut_off
from tests.conftest import ROOT

PROMOTED, FOLDER = Path("models/promoted"), Path("promoted")
# Promotes, and is killed at the so-manieth change of a name or removal of a folder.
KILLED = """
import os, shutil, sys
from pathlib import Path
from pawtrace.promotion.switch import new_promoted

left = [int(sys.argv[1])]
def or_die(function):
    def counted(*words, **options):
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)
        return function(*words, **options)
    return counted

with new_promoted() as folder:
    for name in ("a", "b"):
        (folder / name).write_text("new")
    for name in ("rename", "replace", "symlink_to"):
        setattr(Path, name, or_die(getattr(Path, name)))
    shutil.copytree, shutil.rmtree = or_die(shutil.copytree), or_die(shutil.rmtree)
"""


@pytest.fixture(autouse=True)
def models(project: Path) -> Path:
    (project / "models").mkdir()
    return project


def promote(content: str) -> None:
    with new_promoted() as folder:
        for name in ("a", "b"):
            (folder / name).write_text(content)


def found() -> set[str]:
    return {path.read_text() for path in sorted(PROMOTED.iterdir())}


def assert_settled(content: str) -> None:
    assert found() == {content}
    assert PROMOTED.readlink() == Path("../promoted")
    assert sorted(path.name for path in FOLDER.iterdir()) == ["a", "b"]
    assert sorted(path.name for path in Path().iterdir()) == [".pawtrace", "models", "promoted"]
    assert list(Path(".pawtrace").iterdir()) == []


@pytest.mark.slow
def test_the_model_is_there_at_every_moment() -> None:
    done, absent = threading.Event(), []

    def watch() -> None:
        while not done.is_set():
            if not (PROMOTED / "a").exists():
                absent.append(1)

    promote("0")
    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(20):
        promote(str(number))
    done.set()
    watcher.join()
    assert absent == []
    assert_settled("19")


def test_a_failure_leaves_what_was_there() -> None:
    promote("old")
    with pytest.raises(ZeroDivisionError), new_promoted() as folder:
        (folder / "a").write_text("new")
        raise ZeroDivisionError
    assert_settled("old")


def test_a_kill_at_any_moment_leaves_one_whole_model_and_the_next_promotion_settles_it() -> None:
    outcomes = []
    for num_steps in range(30):
        promote("old")
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(num_steps)], env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        outcomes.append((*found(), was_cut_off()))
        assert outcomes[-1][0] in ("old", "new")
        if killed.returncode == 0:
            break
    assert set(outcomes) == {("old", False), ("new", True), ("new", False)}
    promote("newer")
    assert_settled("newer")


def test_an_existing_project_needs_no_step_of_its_own() -> None:
    FOLDER.mkdir()
    (FOLDER / "a").write_text("old")
    PROMOTED.symlink_to("../promoted")
    promote("new")
    assert_settled("new")


def test_a_folder_in_the_links_place_is_not_touched() -> None:
    PROMOTED.mkdir()
    (PROMOTED / "mine").touch()
    with pytest.raises(PawtraceError, match="expected a link to promoted"):
        promote("new")
    assert (PROMOTED / "mine").exists()
