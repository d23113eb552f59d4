"""The DVC project that tests of promotion share; made once for each file of tests."""

import shutil
from pathlib import Path

import pytest

from pawtrace.commands import promote as command_promote
from pawtrace.config.params import Params
from pawtrace.promotion import tracking
from tests.conftest import WriteParams
from tests.dvc_in_process import dvc_in_process
from tests.promotion.dvc_project import make_project


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the project below is kept for the tests after the first."""
    return tmp_path_factory.mktemp("prepared") / "project"


@pytest.fixture
def params(write_params: WriteParams, project: Path, prepared: Path) -> Params:
    """A DVC project with a good and a poor model, and a report that depends on all of models/."""
    params = write_params()
    if not prepared.exists():
        make_project(params)
        shutil.copytree(project, prepared, symlinks=True)
    shutil.copytree(prepared, project, symlinks=True, dirs_exist_ok=True)
    return params


@pytest.fixture(autouse=True)
def no_process_for_each_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests run DVC 70 times: they run it in their own process."""
    monkeypatch.setattr(tracking, "ask_dvc", dvc_in_process)


@pytest.fixture
def answers_as_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models of this file are no networks; what is asked of real ones: test_recorded_answers.py."""
    monkeypatch.setattr(command_promote, "check_model", lambda _: None)
