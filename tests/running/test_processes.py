"""A process is known by more than its number, and ends with the one that started it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from pawtrace.base.errors import PawtraceError
from pawtrace.running.processes import (
    end_with_dvc,
    has_ended,
    identity,
    interrupts_kept,
    is_ancestor,
    stop_if_interrupted,
)
from tests.conftest import ROOT

# A stage of a dvc, over a shell that stays: what it prints first is its own number.
DVC = """
import subprocess, sys
subprocess.run(["sh", "-c", sys.argv[1] + "; true"], env={**__import__("os").environ, "DVC_STAGE": "split"})
"""
STAGE = """
import os, time
from pawtrace.running.processes import end_with_dvc
end_with_dvc()
try:
    print(os.getpid(), flush=True)
    time.sleep(600)
finally:
    open("put_away", "w").close()
"""


def test_a_process_is_named_the_same_until_it_ends() -> None:
    process = subprocess.Popen(["sleep", "600"])
    name = identity(process.pid)
    assert name is not None
    assert identity(process.pid) == name
    assert not has_ended(name)
    process.kill()
    time.sleep(0.2)
    assert has_ended(name)  # though nobody has collected it
    process.wait()
    assert has_ended(name)


def test_another_process_of_the_same_number_is_another_one() -> None:
    name = identity(os.getpid())
    assert name is not None
    *same, start = name.split("/")
    assert has_ended("/".join([*same, str(int(start) - 1)]))


def test_before_the_last_boot_everything_has_ended_and_elsewhere_nobody_knows() -> None:
    name = identity(os.getpid())
    assert name is not None
    host, boot, pid, start = name.split("/")
    assert has_ended("/".join([host, str(int(boot) - 600), pid, start]))
    assert has_ended("/".join([host, "1f00aa22", pid, start]))  # as an earlier version named it
    assert not has_ended("/".join([host + "x", boot, "999999999", start]))


def test_a_clock_that_is_set_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    name = identity(os.getpid())
    assert name is not None
    boot, created = psutil.boot_time(), psutil.Process().create_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: boot + 3)
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: created + 3)
    assert not has_ended(name)


def test_ancestors_are_those_that_started_this_one() -> None:
    assert is_ancestor(os.getpid())
    assert is_ancestor(os.getppid())
    process = subprocess.Popen(["sleep", "600"])
    assert not is_ancestor(process.pid)
    process.kill()
    process.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=lambda how: how.name)
def test_a_stage_ends_with_its_dvc_and_puts_away_what_is_unfinished(
    project: Path, how: signal.Signals
) -> None:
    (project / "stage.py").write_text(STAGE)
    dvc = subprocess.Popen(
        [sys.executable, "-c", DVC, f"{sys.executable} stage.py"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert dvc.stdout is not None
    stage = psutil.Process(int(dvc.stdout.readline()))
    dvc.send_signal(how)
    dvc.wait()
    gone, alive = psutil.wait_procs([stage], timeout=10)
    assert not alive
    assert (project / "put_away").exists()
    dvc.stdout.close()
    assert gone


def test_a_stage_by_hand_goes_on_when_its_shell_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    before = psutil.Process().num_threads()
    end_with_dvc()
    assert psutil.Process().num_threads() == before


def test_a_stage_whose_dvc_has_ended_already_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "split")
    monkeypatch.setattr(psutil.Process, "parents", lambda _: [])
    with pytest.raises(PawtraceError, match="the DVC process that started this stage has ended"):
        end_with_dvc()


def test_who_was_told_to_end_does_not_hang() -> None:
    code = "import time; from pawtrace.running.processes import end_within; end_within(0.2); time.sleep(600)"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=30
    )
    assert ended.returncode == 1


def test_an_interrupt_that_a_library_swallows_is_not_lost() -> None:
    with interrupts_kept():
        stop_if_interrupted()
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)
        with pytest.raises(KeyboardInterrupt):
            stop_if_interrupted()
    stop_if_interrupted()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_while_an_object_is_cleaned_up_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    class PressesWhenDeleted:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    start = time.monotonic()
    with interrupts_kept(), pytest.raises(KeyboardInterrupt):
        PressesWhenDeleted()
        time.sleep(60)
    assert time.monotonic() - start < 30
    assert capsys.readouterr().err == ""


def test_who_was_told_to_ignore_interrupts_does() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts_kept():
            os.kill(os.getpid(), signal.SIGINT)
            stop_if_interrupted()
    finally:
        signal.signal(signal.SIGINT, before)
