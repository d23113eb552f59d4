"""What the user can mend is one line; what we must mend keeps its traceback."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pawtrace.base.errors import DataError
from pawtrace.base.files import new_folder, write_text
from pawtrace.running import lock
from pawtrace.running.entry_point import errors_in_one_line, run_stage

RunFailing = Callable[[BaseException], tuple[object, str]]


@pytest.fixture
def run_failing(capsys: pytest.CaptureFixture[str]) -> RunFailing:
    """Run a stage that fails; give its exit code and what it said."""

    def run(error: BaseException) -> tuple[object, str]:
        def main() -> None:
            raise error

        with pytest.raises(SystemExit) as ending:
            run_stage(main, "split")
        return ending.value.code, capsys.readouterr().err

    return run


def test_our_errors_become_one_line(run_failing: RunFailing) -> None:
    assert run_failing(DataError("data/raw is missing")) == (1, "pawtrace split: data/raw is missing\n")


def test_a_command_chooses_its_exit_code() -> None:
    with pytest.raises(SystemExit) as ending, errors_in_one_line("trace", again="pawtrace trace", code=2):
        raise DataError("dvc.lock is missing")
    assert ending.value.code == 2


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("ResourceExhausted: data/x; No space left on device"),
        RuntimeError("database or disk is full"),
    ],
)
def test_a_full_disk_is_named_however_a_library_reports_it(run_failing: RunFailing, error: Exception) -> None:
    code, message = run_failing(error)
    assert code == 1
    assert "the disk is full" in message
    assert message.endswith("run: dvc repro split\n")
    assert message.count("\n") == 1


def test_a_full_disk_is_found_behind_another_error(run_failing: RunFailing) -> None:
    outer = RuntimeError("could not save")
    outer.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert "the disk is full" in run_failing(outer)[1]


def a_file_in_its_place(_: pytest.MonkeyPatch) -> str:
    Path("reports").write_text("a file")
    return "reports"


def a_read_only_folder(_: pytest.MonkeyPatch) -> str:
    if os.geteuid() == 0:
        pytest.skip("permissions do not bind root")
    Path("reports").mkdir(mode=0o555)
    return "reports"


def a_read_only_disk(monkeypatch: pytest.MonkeyPatch) -> str:
    mkdir = Path.mkdir

    def refusing(path: Path, *arguments: Any, **options: Any) -> None:
        if path.parts[:1] == ("reports",):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refusing)
    return "reports"


def a_lock_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> str:
    def refused(name: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", f".pawtrace/locks/{name}")

    monkeypatch.setattr(lock, "_opened", refused)
    return ".pawtrace/locks/project"


@pytest.mark.parametrize(
    "obstacle", [a_file_in_its_place, a_read_only_folder, a_read_only_disk, a_lock_of_somebody_else]
)
@pytest.mark.usefixtures("project")
def test_an_output_that_cannot_be_written_is_one_line_with_its_path(
    obstacle: Callable[[pytest.MonkeyPatch], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def main() -> None:
        write_text(Path("reports/metrics/x.json"), "{}")
        with new_folder(Path("reports/plots")):
            pass

    path = obstacle(monkeypatch)
    with pytest.raises(SystemExit, match="^1$"):
        run_stage(main, "report")
    said = capsys.readouterr().err
    assert said.startswith("pawtrace report: ")
    assert path in said
    assert said.endswith("run: dvc repro report\n")
    assert said.count("\n") == 1


def test_a_missing_file_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(FileNotFoundError), errors_in_one_line("report", again="dvc repro report"):
        Path("nowhere").read_text()


def test_ctrl_c_ends_as_shells_expect(run_failing: RunFailing) -> None:
    code, message = run_failing(KeyboardInterrupt())
    assert code == 130
    assert "interrupted" in message


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_stage(main, "split")
