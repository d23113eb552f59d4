"""DVC itself, in this process, which has imported it: a process of its own takes half a second each time."""

import contextlib
import io
import warnings

import pytest
from dvc.cli import main as dvc

from pawtrace.running.dvc import Ended


def dvc_here(*words: str) -> Ended:
    """Run a command of DVC's for its answer, like `ask_dvc`."""
    said = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(action="ignore"),  # DVC's own
    ):
        patch.setenv("DVC_TEST", "1")  # else it prints JSON past what is redirected
        code = dvc(list(words))
    return Ended(code, said.getvalue().splitlines())
