"""An archive that `dvc add` tracks reaches experiments; one that nothing tracks is named, with what to do."""

import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.running.git import git
from pawtrace.running.tracked_files import bring
from tests.conftest import ROOT, picture
from tests.tiny_clone import command, copy_of_the_project, edit_params

ARCHIVE = Path("data/archives/pets.zip")


@pytest.mark.parametrize("name", ["data/archives/pets.zip", "data/weights/base.keras"])
def test_what_dvc_add_leaves_is_for_git_and_the_file_itself_is_not(project: Path, name: str) -> None:
    (project / "data").mkdir()
    shutil.copy(ROOT / "data/.gitignore", project / "data")
    git("init", "--quiet")
    ignored = subprocess.run(
        ["git", "check-ignore", name, f"{name}.dvc", str(Path(name).parent / ".gitignore")],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    assert ignored == [name]


def test_in_the_project_itself_a_missing_file_is_left_to_who_reads_it(project: Path) -> None:
    bring(ARCHIVE)
    assert not (project / ARCHIVE).exists()


def test_in_an_experiment_a_file_that_nothing_tracks_is_told_with_the_commands(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = project / ".dvc/tmp/exps/standalone/tmp1"
    workspace.mkdir(parents=True)
    monkeypatch.chdir(workspace)
    with pytest.raises(
        DataError, match=f"^{ARCHIVE}: .*dvc add {ARCHIVE} && git add .*--copy-paths {ARCHIVE}"
    ):
        bring(ARCHIVE)
    bring(ARCHIVE, may_be_missing=True)


@pytest.fixture
def with_an_archive(tmp_path: Path) -> Path:
    """A project whose archive `dvc add` tracks, committed."""
    folder = tmp_path / "pawtrace"
    copy_of_the_project(folder)
    edit_params(folder, {"data": {"source": "archive", "archive": str(ARCHIVE)}})
    (folder / ARCHIVE).write_bytes(b"pictures")
    command(folder, "dvc", "add", str(ARCHIVE))
    command(folder, "git", "add", "--all")
    command(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "an archive")
    return folder


@pytest.mark.slow
def test_an_archive_that_dvc_tracks_reaches_an_experiment_in_a_workspace_of_its_own(
    with_an_archive: Path,
) -> None:
    folder = with_an_archive
    override = "train.batch_size=4"
    said = command(folder, "dvc", "exp", "run", "--temp", "--name", "tried", "-S", override, "resolve").stdout
    assert "Ran experiment(s): tried" in said
    (folder / ARCHIVE).unlink()
    shutil.rmtree(folder / ".dvc/cache/files")
    ended = command(folder, "dvc", "exp", "run", "-S", "train.batch_size=2", "resolve", check=False)
    assert ended.returncode != 0
    assert f"run: dvc pull {ARCHIVE}.dvc" in ended.stdout + ended.stderr


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL that serves it."""
    folder = tmp_path / "bucket"
    folder.mkdir()
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def write_photos(path: Path, count: int) -> None:
    """A zip of that many cats and dogs together."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            name = f"PetImages/{('Cat', 'Dog')[number % 2]}/{number}.jpg"
            archive.writestr(name, encode_jpeg(picture(number), 92))


class QuietHandler(SimpleHTTPRequestHandler):
    """Says nothing about requests."""

    def log_message(self, *words: object) -> None:
        """Nothing."""


@pytest.mark.slow
def test_an_archive_behind_a_url_is_imported_and_a_newer_version_runs_download_again(
    tmp_path: Path, server: tuple[Path, str]
) -> None:
    bucket, url = server
    folder = tmp_path / "pawtrace"
    copy_of_the_project(folder)
    write_photos(bucket / "pets.zip", 12)
    edit_params(folder, {"data": {"source": "archive", "archive": f"{url}/pets.zip"}})
    said = command(folder, "python", "-m", "stages.resolve", check=False).stderr
    assert f"run: dvc import-url {url}/pets.zip {ARCHIVE}, and use {ARCHIVE}" in said
    command(folder, "dvc", "import-url", f"{url}/pets.zip", str(ARCHIVE))
    edit_params(folder, {"data": {"source": "archive", "archive": str(ARCHIVE)}})
    assert "kept 12 images" in command(folder, "dvc", "repro", "download").stdout
    write_photos(bucket / "pets.zip", 14)
    command(folder, "dvc", "update", f"{ARCHIVE}.dvc")
    assert "kept 14 images" in command(folder, "dvc", "repro", "download").stdout


@pytest.mark.long
def test_an_archive_that_dvc_tracks_reaches_queued_experiments(with_an_archive: Path) -> None:
    folder = with_an_archive
    names = "four", "two"
    for name, batch_size in zip(names, (4, 2), strict=True):
        words = "--queue", "--name", name, "-S", f"train.batch_size={batch_size}", "resolve"
        command(folder, "dvc", "exp", "run", *words)
    command(folder, "dvc", "exp", "run", "--run-all")
    rows = command(folder, "dvc", "queue", "status").stdout.splitlines()
    states = {name: row.split()[-1] for row in rows for name in names if f" {name} " in row}
    assert states == dict.fromkeys(names, "Success"), rows
