"""What the user can mend is one line; what we must mend keeps its traceback."""

import errno
from collections.abc import Callable

import pytest

from pawtrace.base.errors import DataError
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


def test_ctrl_c_ends_as_shells_expect(run_failing: RunFailing) -> None:
    code, message = run_failing(KeyboardInterrupt())
    assert code == 130
    assert "interrupted" in message


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_stage(main, "split")
