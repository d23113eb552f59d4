"""What the user can mend is one line; what we must mend keeps its traceback."""

import errno

import pytest

from pawtrace.config.entry_point import run_stage
from pawtrace.config.errors import DataError


def run_failing(error: BaseException) -> SystemExit:
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as ending:
        run_stage(main, "split")
    return ending.value


def test_our_errors_become_one_line() -> None:
    assert run_failing(DataError("data/raw is missing")).code == "pawtrace split: data/raw is missing"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("ResourceExhausted: data/x; No space left on device"),
        RuntimeError("database or disk is full"),
    ],
)
def test_a_full_disk_is_named_however_a_library_reports_it(error: Exception) -> None:
    message = str(run_failing(error).code)
    assert "the disk is full" in message
    assert "run: dvc repro split" in message
    assert "\n" not in message


def test_a_full_disk_is_found_behind_another_error() -> None:
    outer = RuntimeError("could not save")
    outer.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert "the disk is full" in str(run_failing(outer).code)


def test_ctrl_c_ends_as_shells_expect(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_failing(KeyboardInterrupt()).code == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_stage(main, "split")
