"""Two runs of one stage never work at once."""

import os
from pathlib import Path

import pytest

from pawtrace.config.errors import PawtraceError
from pawtrace.config.lock import only_one


@pytest.mark.usefixtures("project")
def test_a_second_run_is_refused_with_the_process_of_the_first() -> None:
    with only_one("split"), pytest.raises(PawtraceError, match=f"process {os.getpid()}"), only_one("split"):
        pytest.fail("both held it")


@pytest.mark.usefixtures("project")
def test_other_stages_and_later_runs_are_free() -> None:
    with only_one("train@a"), only_one("train@b"):
        pass
    with only_one("train@a"):
        assert Path(".pawtrace/locks/train@a").read_text() == str(os.getpid())
