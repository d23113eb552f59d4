"""`python -m flows.rebuild` takes no arguments."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["now"], 2)])
def test_a_call_with_arguments_starts_no_run(words: list[str], code: int) -> None:
    asked = [sys.executable, "-m", "flows.rebuild", *words]
    ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == code
    assert "usage: python -m flows.rebuild" in ended.stdout + ended.stderr
