"""Every command that `verify` prints mends what it is printed for, in a project that DVC runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pawtrace.lineage.trace import dvc_cache
from pawtrace.lineage.trace.dvc_cache import cache_folder, md5_of, object_path
from pawtrace.lineage.trace.verify import verify

pytestmark = pytest.mark.slow

WRITE = """import pathlib, sys
for name in ("one.csv", "two.csv"):
    path = pathlib.Path(sys.argv[1], name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{sys.argv[1]} {name}")
"""
PIPELINE = {
    "stages": {
        "split": {"cmd": "python write.py data/splits", "deps": ["write.py"], "outs": ["data/splits"]},
        "train": {
            "foreach": "${recipes}",
            "do": {
                "cmd": "python write.py models/${key}",
                "deps": ["data/splits"],
                "outs": ["models/${key}"],
            },
        },
    }
}
LONG = pytest.mark.long
SPLIT = Path("data/splits/one.csv")
MODEL = Path("models/plain/one.csv")


def shell(command: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    identity = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        command, shell=True, env=os.environ | identity | {"PATH": path}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (command, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that ran, pushed to a remote."""
    folder = tmp_path_factory.mktemp("repairs") / "project"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        Path("write.py").write_text(WRITE)
        Path("dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
        Path("params.yaml").write_text("recipes: {plain: {}, late: {}}\n")
        shell("git init -q && dvc init -q && dvc remote add -q --default store ../store && dvc repro -q")
        shell("git add -A && git commit -qm start && dvc push -q")
    return folder


@pytest.fixture(autouse=True)
def _in_a_copy(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(run.parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path / "project")
    dvc_cache._config.cache_clear()


def damage(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")


def lose(path: Path) -> None:
    path.chmod(0o644)
    path.unlink()


def copy_of(path: Path) -> Path:
    return object_path(md5_of(path.read_bytes()))


def listing_of(folder: str) -> Path:
    outs = yaml.safe_load(Path("dvc.lock").read_text())["stages"]["split"]["outs"]
    return object_path(next(out["md5"] for out in outs if out["path"] == folder))


def lose_all() -> None:
    shutil.rmtree("models")
    shutil.rmtree("data")
    shutil.rmtree(cache_folder() / "files")


def lose_all_without_a_remote() -> None:
    lose_all()
    shell("dvc remote remove store")


def damage_copy_and_lose_file() -> None:
    damage(copy_of(SPLIT))
    lose(SPLIT)


def damage_both() -> None:
    damage(copy_of(MODEL))
    damage(MODEL)


def cut_the_lock() -> None:
    content = yaml.safe_load(Path("dvc.lock").read_text())
    del content["stages"]["train@plain"]
    Path("dvc.lock").write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.mark.parametrize(
    "break_",
    [
        pytest.param(lambda: damage(copy_of(MODEL)), id="copy"),
        pytest.param(damage_copy_and_lose_file, id="copy and no file"),
        pytest.param(lose_all_without_a_remote, id="fresh clone without a remote"),
        pytest.param(lambda: damage(SPLIT), id="file", marks=LONG),
        pytest.param(lambda: lose(SPLIT), id="no file", marks=LONG),
        pytest.param(lambda: lose(copy_of(MODEL)), id="no copy", marks=LONG),
        pytest.param(lambda: shutil.rmtree(cache_folder() / "files"), id="no cache", marks=LONG),
        pytest.param(lambda: damage(listing_of("data/splits")), id="list", marks=LONG),
        pytest.param(lambda: lose(listing_of("data/splits")), id="no list", marks=LONG),
        pytest.param(lambda: Path("data/splits/stray.csv").touch(), id="stray", marks=LONG),
        pytest.param(damage_both, id="both", marks=LONG),
        pytest.param(lose_all, id="fresh clone", marks=LONG),
        pytest.param(cut_the_lock, id="cut lock", marks=LONG),
    ],
)
def test_the_command_mends_what_it_is_printed_for(break_: Callable[[], object]) -> None:
    assert verify(lambda _: None) == []
    break_()
    damages = verify(lambda _: None)
    assert damages
    for command in dict.fromkeys(found.repair for found in damages):
        shell(command)
    assert verify(lambda _: None) == []
