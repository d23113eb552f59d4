"""Ctrl-C while a process still imports, TensorFlow say, ends it at once, in one line."""

import gc
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pawtrace.running.importing import end_at_ctrl_c, garbage_left_alone, raise_at_ctrl_c
from tests.conftest import ROOT

RANDOM = random.Random(0)


def interrupted(project: Path, module: str, num_imports: int) -> "subprocess.CompletedProcess[str]":
    """Start a module, press Ctrl-C when it has imported so many modules more than the one that minds it."""
    words = [sys.executable, "-X", "importtime", "-m", *module.split()]
    with subprocess.Popen(
        words, cwd=project, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "pawtrace.running.importing" not in process.stderr.readline():
            assert process.poll() is None
        for _ in range(num_imports):
            process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = [line for line in process.stderr if not line.startswith("import time:")]
        return subprocess.CompletedProcess(words, process.wait(60), None, "".join(said))


@pytest.mark.slow
@pytest.mark.parametrize(
    "module", ["stages.split", "flows.train_recipe x", "flows.rebuild", "pawtrace status"]
)
@pytest.mark.parametrize("num_imports", [3, RANDOM.randrange(10, 60)])
def test_ctrl_c_while_a_module_imports_is_one_line(project: Path, module: str, num_imports: int) -> None:
    ended = interrupted(project, module, num_imports)
    assert ended.returncode == 130, ended.stderr
    assert len(ended.stderr.splitlines()) <= 1
    assert "Traceback" not in ended.stderr


def test_afterwards_ctrl_c_raises_as_ever_and_who_ignores_it_goes_on_ignoring_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        for handler in (signal.default_int_handler, signal.SIG_IGN):
            signal.signal(signal.SIGINT, handler)
            end_at_ctrl_c()
            assert (signal.getsignal(signal.SIGINT) is handler) == (handler is signal.SIG_IGN)
            raise_at_ctrl_c()
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_import_that_fails_leaves_the_search_for_garbage_on() -> None:
    with pytest.raises(ModuleNotFoundError), garbage_left_alone():
        assert not gc.isenabled()
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
    assert gc.isenabled()
