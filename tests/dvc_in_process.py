"""The real DVC, run in the process of the tests: to start another process takes half a second each time."""

import contextlib
import io
import warnings

import pytest
from dvc.cli import main as dvc

from pawtrace.running.dvc import Ended


def dvc_in_process(*words: str) -> Ended:
    """Run a DVC command and return how it ended, like `ask_dvc`; only stdout is returned."""
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
